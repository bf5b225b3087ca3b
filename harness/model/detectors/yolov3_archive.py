"""An opened YOLOv3 archive: resized images in, boxes in original pixels out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.errors import ArchiveUnreadable
from harness.model.boxes.multiclass_nms import multiclass_nms
from harness.model.boxes.preprocess import NORMALISATIONS, normalise
from harness.model.boxes.yolo_box import decode_heads
from harness.model.layouts.contract import InferenceProgram, WeightSource
from harness.model.layouts.weights import Arrays
from harness.model.networks.functions import HeadsFunction
from harness.model.networks.pruned_channels import (
    PRUNED_RATIOS,
    matching_plan,
    plan_of_strategy,
    planned_channels,
)
from harness.model.networks.shapes import plan_network
from harness.model.networks.yolov3 import Network, demand_network
from harness.model.networks.yolov3_head import block_convs
from harness.model.program.thresholds import YOLOV3_PROGRAM
from harness.model.quantised.quantisation import Quantisation
from harness.model.quantised.read_archive import open_network_folder, read_archive
from harness.values.detections import ImageDetections


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedArchive:
    """A network with a value for every variable, read from an archive's folder."""

    network: Network
    weights: Arrays
    layout: str  # key of LAYOUTS
    shape_plan: str  # key of PRUNED_RATIOS
    ignored_files: tuple[str, ...]
    program: InferenceProgram | None = None  # the archive is one: it runs as it is
    quantisation: Quantisation | None = None  # None: in float


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """Finds objects in images that were resized to one size."""

    heads: HeadsFunction
    backbone: str  # key of NORMALISATIONS
    input_px: int

    def detect(
        self, images_rgb: NDArray[np.uint8], sizes_hw: NDArray[np.int32]
    ) -> list[ImageDetections]:
        """Return the detections of each image, in its original pixels.

        Args:
            images_rgb: ``[B, S, S, 3]``, resized, red first.
            sizes_hw: ``[B, 2]``, original height and width.
        """
        outputs = self.heads(normalise(images_rgb, NORMALISATIONS[self.backbone]))
        found = []
        for place, (height_px, width_px) in enumerate(sizes_hw):
            boxes_xyxy, scores = decode_heads(
                [head[place] for head in outputs],
                height_px=int(height_px),
                width_px=int(width_px),
            )
            found.append(multiclass_nms(boxes_xyxy, scores))
        return found

    def cpu_clock_s(self) -> float:
        """Return the processor seconds that this process has used so far."""
        return time.process_time()


def open_archive(
    folder: Path,
    *,
    architecture: str,
    backbone: str,
    strategy: str,
    num_classes: int,
    width: float,
    also_accepted: Sequence[str] = (),
) -> OpenedArchive:
    """Read the folder of a YOLOv3 archive; its arrays say the shapes of the head.

    Args:
        folder: in any layout of ``LAYOUTS``.
        architecture: the row's.
        backbone: the row's.
        strategy: the row's; says which shapes the head ought to have.
        num_classes: the row's.
        width: the row's channel multiplier.
        also_accepted: strategies that an erratum holds possible too.

    Raises:
        ArchiveUnreadable: no such network here, the shapes are those of another
            strategy or of none, or a variable is missing, mis-shaped or damaged.
    """
    demand_network(architecture, backbone)
    full = Network(
        backbone=backbone,
        num_classes=num_classes,
        width=width,
        head_channels=planned_channels("none", width),
    )
    variables = plan_network(full).variables
    layout, source = open_network_folder(folder, full, variables, strategy)
    channels = {name: _output_channels(source, name) for name in block_convs()}
    expected = [plan_of_strategy(one) for one in (strategy, *also_accepted)]
    found = matching_plan(channels, width)
    if found is None or found not in expected:
        raise _other_shapes(channels, expected, found, width)
    network = replace(full, head_channels=channels)
    plan = plan_network(network)
    read = read_archive(source, network, plan, YOLOV3_PROGRAM, strategy)
    return OpenedArchive(
        network=network,
        weights=read.values,
        layout=layout,
        shape_plan=found,
        ignored_files=read.ignored_files,
        program=read.program,
        quantisation=read.quantisation,
    )


def _output_channels(source: WeightSource, stem: str) -> int:
    shape = source.shape(f"{stem}.conv.weights")
    if len(shape) != 4:
        raise ArchiveUnreadable(
            f"{stem}.conv.weights: shape", expected="(O, I, k, k)", got=shape
        )
    return shape[0]


def _other_shapes(
    channels: Mapping[str, int],
    expected: Sequence[str],
    found: str | None,
    width: float,
) -> ArchiveUnreadable:
    wanted = planned_channels(expected[0], width)
    name = next(one for one in channels if channels[one] != wanted[one])
    known = found or f"none of {', '.join(PRUNED_RATIOS)}"
    return ArchiveUnreadable(
        f"{name}.conv.weights: output channels",
        expected=f"{wanted[name]} ({' or '.join(expected)})",
        got=f"{channels[name]} ({known})",
        next_step="the row may name the wrong archive or strategy",
    )
