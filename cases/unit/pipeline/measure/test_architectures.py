"""Which detector an opened archive gets."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.artifact.checkpoint_folder import find_checkpoint_folder
from harness.artifact.unpack import unpack
from harness.dataset.views import AsItIs, Square
from harness.model.boxes.face_finding import FACE_SCALES, FaceDetector
from harness.model.detectors.architectures import open_archive, protocol_of_row
from harness.model.detectors.blazeface import open_blazeface
from harness.model.detectors.opened_archive import OpenedArchive
from harness.model.fluid.program_desc import ProgramDesc
from harness.model.layouts.contract import InferenceProgram
from harness.model.paddle_run.device import Device, open_device
from harness.model.program.limits import ProgramLimits
from harness.model.program.program_child import ProcessDetector
from harness.pipeline.measure import architectures
from harness.pipeline.measure.architectures import (
    Computing,
    open_detectors,
    view_of,
)
from harness.registry.zoo import open_zoo

ORACLE = Path(__file__).parents[3] / "oracle"


def computing() -> Computing:
    return Computing(
        device=open_device(gpu=False),
        program_limits=ProgramLimits(),
        largest_px=640,
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("layout_blazeface_lite_program_params", ProcessDetector),
        ("layout_blazeface_lite_pdparams", FaceDetector),
    ],
)
def test_a_face_program_runs_as_it_is_and_face_weights_in_our_network(
    tmp_path: Path, name: str, kind: type
) -> None:
    folder = find_checkpoint_folder(
        unpack(ORACLE / "made" / f"{name}.tar.gz", tmp_path), name
    )
    opened = open_blazeface(folder, edition="lite", width=1 / 4)

    detectors = open_detectors("blazeface", opened, computing())

    row = open_zoo("demo").row("blazeface-nas-widerface-baseline-160")
    for scales in FACE_SCALES:
        detector = detectors(replace(row, scales=scales), 640)
        assert type(detector) is kind
        said = detector.word if kind is ProcessDetector else detector.scales
        assert (detector.input_px, said) == (640, scales)


@pytest.mark.parametrize(
    ("name", "strategy", "kind"),
    [
        ("blazeface_post_files", "quant_post", ProcessDetector),
        ("blazeface_aware_files", "quant_aware", FaceDetector),
    ],
)
def test_a_quantised_row_gets_what_its_archive_is(
    tmp_path: Path, name: str, strategy: str, kind: type
) -> None:
    row = next(
        one
        for one in open_zoo("january-2020").rows
        if (one.backbone, one.strategy) == ("nas", strategy)
    )
    packed = ORACLE / "quant" / f"{name}.tar.gz"
    folder = find_checkpoint_folder(unpack(packed, tmp_path), name)

    opened = open_archive(folder, row)

    assert opened.quantisation is not None
    detectors = open_detectors("blazeface", opened, computing())
    assert type(detectors(row, 640)) is kind
    assert "quantisation_rounding" in protocol_of_row(row)


@pytest.mark.parametrize(
    ("architecture", "batch_pixels"),
    [("yolov3", 8 * 224 * 224), ("blazeface", 678 * 1024 * 4)],
)
def test_a_program_may_take_what_its_largest_batch_needs(
    monkeypatch: pytest.MonkeyPatch, architecture: str, batch_pixels: int
) -> None:
    asked = {}

    def start_program(*_given: object, **kind: object) -> None:
        asked.update(kind)

    monkeypatch.setattr(architectures, "start_program", start_program)
    limits = ProgramLimits(first_s=7)
    opened = OpenedArchive(
        network=lambda *_: (),
        weights={},
        layout="program",
        ignored_files=(),
        program=InferenceProgram(
            desc=ProgramDesc(variables={}, operators=()), image="image", im_size=None
        ),
    )

    open_detectors(
        architecture,
        opened,
        Computing(
            device=Device(kind="cpu", model="", threads=1),
            program_limits=limits,
            largest_px=224,
        ),
    )

    assert asked == {"limits": limits, "batch_pixels": batch_pixels}


def test_objects_are_looked_for_in_a_square_and_faces_in_the_image_as_it_is() -> None:
    rows = {one.architecture: one for one in open_zoo("january-2020").rows}

    assert view_of(rows["yolov3"], 320) == Square(input_px=320)
    assert view_of(rows["blazeface"], 320) == AsItIs()


def test_an_archive_that_looks_untrained_is_told_of_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def open_heads(opened: object, device: object) -> Callable[[Any], Any]:
        """Give heads of 0: every class of every cell is above the threshold."""
        return lambda images: [
            np.zeros((len(images), 30, n, n), np.float32) for n in (1, 2, 4)
        ]

    monkeypatch.setattr(architectures, "open_heads", open_heads)
    opened = OpenedArchive(
        network=lambda *_: (), weights={}, layout="pdparams", ignored_files=()
    )
    rows = [one for one in open_zoo("demo").rows if one.architecture == "yolov3"][:2]
    notes: list[str] = []

    detectors = open_detectors(
        "yolov3", opened, replace(computing(), noting=notes.append)
    )
    for row in rows:
        images = np.zeros((2, 32, 32, 3), np.uint8)
        detectors(row, 32).detect(images, np.int32([[32, 32]] * 2))

    (said,) = notes
    assert said.startswith(f"{rows[0].row_id} at 32 px: 63 of 63 cells of an image are")
    assert said.endswith("the network looks untrained")
