"""Opens the folder of a YOLOv3 archive, whose arrays say the shapes of its head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import ArchiveUnreadable
from harness.model.detectors.opened_archive import (
    OpenedArchive,
    open_network_folder,
    read_archive,
)
from harness.model.layouts.contract import WeightSource
from harness.model.networks.pruned_channels import (
    PRUNED_RATIOS,
    matching_pruning,
    pruned_channels,
    pruning_of,
)
from harness.model.networks.shapes import network_shapes
from harness.model.networks.yolov3 import YoloV3
from harness.model.networks.yolov3_head import block_convs
from harness.model.program.expected_program import YOLOV3_PROGRAM


def open_yolov3(
    folder: Path,
    *,
    backbone: str,
    strategy: str,
    num_classes: int,
    width: float,
    also_accepted: Sequence[str] = (),
) -> OpenedArchive:
    """Read the folder of a YOLOv3 archive.

    Args:
        folder: in any layout of ``LAYOUTS``.
        backbone: the row's; key of ``BACKBONES``.
        strategy: the row's; says which shapes the head ought to have.
        num_classes: the row's.
        width: the row's channel multiplier.
        also_accepted: strategies that an erratum holds possible too.

    Raises:
        ArchiveUnreadable: the shapes are those of another strategy or of none, or a
            variable is missing, mis-shaped or damaged.
    """
    unpruned = YoloV3(
        backbone=backbone,
        num_classes=num_classes,
        width=width,
        head_channels=pruned_channels("none", width),
    )
    variables = network_shapes(unpruned).variables
    layout, source = open_network_folder(folder, unpruned, variables, strategy)
    channels = {name: _output_channels(source, name) for name in block_convs()}
    accepted = [pruning_of(one) for one in (strategy, *also_accepted)]
    pruning = matching_pruning(channels, width)
    if pruning is None or pruning not in accepted:
        raise _other_shapes(channels, accepted, pruning, width)
    network = replace(unpruned, head_channels=channels)
    return read_archive(
        source,
        network,
        network_shapes(network),
        layout=layout,
        expected=YOLOV3_PROGRAM,
        strategy=strategy,
        pruning=pruning,
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
    accepted: Sequence[str],
    pruning: str | None,
    width: float,
) -> ArchiveUnreadable:
    wanted = pruned_channels(accepted[0], width)
    name = next(one for one in channels if channels[one] != wanted[one])
    known = pruning or f"none of {', '.join(PRUNED_RATIOS)}"
    return ArchiveUnreadable(
        f"{name}.conv.weights: output channels",
        expected=f"{wanted[name]} ({' or '.join(accepted)})",
        got=f"{channels[name]} ({known})",
        next_step="the row may name the wrong archive or strategy",
    )
