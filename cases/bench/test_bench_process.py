"""A program in a child process against the same one in this process.

Both are open at once and take turns, so that a busy machine slows both.
"""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.artifact.checkpoint_folder import find_checkpoint_folder
from harness.artifact.unpack import unpack
from harness.model.boxes.face_finding import FaceDetector
from harness.model.boxes.object_finding import ObjectDetector
from harness.model.fluid.program_desc import (
    TENSOR_KIND,
    Operator,
    ProgramVariable,
)
from harness.model.layouts.contract import InferenceProgram
from harness.model.layouts.program import PROGRAM
from harness.model.networks.blazeface import BlazeFace
from harness.model.networks.pruned_channels import pruned_channels
from harness.model.networks.shapes import NetworkShapes, network_shapes
from harness.model.networks.yolov3 import YoloV3
from harness.model.paddle_run.device import open_device
from harness.model.program.limits import ProgramLimits
from harness.model.program.opened_program import open_program
from harness.model.program.program_child import ProcessDetector, start_program
from harness.model.program.program_rows import boxes_in_pixels, boxes_in_shares

pytestmark = pytest.mark.speed

MADE = Path(__file__).parents[1] / "oracle" / "made"
PAIRS = 10


def program_of(name: str, cache: Path) -> InferenceProgram:
    folder = find_checkpoint_folder(unpack(MADE / f"{name}.tar.gz", cache), name)
    program = PROGRAM.open(folder, ()).program
    assert program is not None
    return program


def widened(program: InferenceProgram, plan: NetworkShapes) -> InferenceProgram:
    """Return the program of a thin network with the variables of a wide one."""

    def wide(one: ProgramVariable) -> ProgramVariable:
        if one.name in plan.variables:
            return dataclasses.replace(one, shape=plan.variables[one.name].shape)
        if one.kind != TENSOR_KIND or one.name in (program.image, program.im_size):
            return one
        return dataclasses.replace(one, shape=(-1,) * len(one.shape))

    def grouped(one: Operator) -> Operator:
        if one.kind != "depthwise_conv2d":
            return one
        channels = plan.variables[one.inputs["Filter"][0]].shape[0]
        attributes = {**one.attributes, "groups": channels}
        return dataclasses.replace(one, attributes=attributes)

    desc = dataclasses.replace(
        program.desc,
        variables={name: wide(one) for name, one in program.desc.variables.items()},
        operators=tuple(grouped(one) for one in program.desc.operators),
    )
    return dataclasses.replace(program, desc=desc)


@pytest.fixture(scope="module")
def mobilenet(
    tmp_path_factory: pytest.TempPathFactory, drawn_weights: Callable[[Any], Any]
) -> tuple[InferenceProgram, Any]:
    """A YOLOv3-MobileNetV1 of full width with the shapes of r578."""
    network = YoloV3(
        backbone="mobilenet_v1",
        num_classes=3,
        width=1,
        head_channels=pruned_channels("prune_r578", 1),
    )
    program = program_of("layout_program_params", tmp_path_factory.mktemp("wide"))
    return widened(program, network_shapes(network)), drawn_weights(network)


def interleaved(
    here: Callable[[], object], there: Callable[[], object]
) -> tuple[float, float]:
    """Return the median seconds of each, after one pass that prepares."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for place in range(PAIRS + 1):
        for times, call in zip(seconds, (here, there), strict=True):
            started_s = time.perf_counter()
            call()
            if place:
                times.append(time.perf_counter() - started_s)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


@pytest.mark.parametrize("px", [320, 608])
def test_a_large_network(
    benchmark: Any,
    tell: Callable[..., None],
    mobilenet: tuple[InferenceProgram, Any],
    px: int,
) -> None:
    program, weights = mobilenet
    device, limits = open_device(gpu=False), ProgramLimits()
    run = open_program(program, weights, device)
    here = ObjectDetector(
        find=boxes_in_pixels(run), backbone="mobilenet_v1", input_px=px
    )
    started_s = time.perf_counter()
    process = start_program(
        program, weights, device, limits=limits, batch_pixels=8 * px * px
    )
    start_s = time.perf_counter() - started_s
    there = ProcessDetector(
        process=process, detector="objects", word="mobilenet_v1", input_px=px
    )
    images = np.random.default_rng(0).integers(0, 256, (8, px, px, 3), np.uint8)
    sizes_hw = np.full((8, 2), px, np.int32)

    here_s, there_s = benchmark.pedantic(
        interleaved,
        args=(
            lambda: here.detect(images, sizes_hw),
            lambda: there.detect(images, sizes_hw),
        ),
        rounds=1,
    )

    tell(
        f"program, MobileNetV1, 8 images at {px} px",
        {
            "child / here, median": there_s / here_s,
            "here, s": here_s,
            "child starts in, s": start_s,
        },
    )
    process.child.close()


def test_a_small_network(
    benchmark: Any,
    tell: Callable[..., None],
    tmp_path: Path,
    drawn_weights: Callable[[Any], Any],
) -> None:
    program = program_of("layout_blazeface_nas_program_weights", tmp_path)
    weights = drawn_weights(BlazeFace(edition="nas"))
    device = open_device(gpu=False)
    run = open_program(program, weights, device)
    here = FaceDetector(find=boxes_in_shares(run), input_px=640, scales="single")
    process = start_program(
        program, weights, device, limits=ProgramLimits(), batch_pixels=640 * 640
    )
    there = ProcessDetector(
        process=process, detector="faces", word="single", input_px=640
    )
    images = [np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)]
    sizes_hw = np.int32([[480, 640]])

    here_s, there_s = benchmark.pedantic(
        interleaved,
        args=(
            lambda: here.detect(images, sizes_hw),
            lambda: there.detect(images, sizes_hw),
        ),
        rounds=1,
    )

    tell(
        "program, BlazeFace-NAS, an image of 640 x 480",
        {"child / here, median": there_s / here_s, "here, s": here_s},
    )
    process.child.close()
