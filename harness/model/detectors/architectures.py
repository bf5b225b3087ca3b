"""Says what an architecture is, from its network to its detector: one entry each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ArchiveUnreadable
from harness.model.boxes.face_finding import FaceDetector, faces_of_heads
from harness.model.boxes.object_finding import ObjectDetector, objects_of_heads
from harness.model.detectors.blazeface import open_blazeface
from harness.model.detectors.opened_archive import OpenedArchive
from harness.model.detectors.protocol_words import (
    blazeface_protocol,
    rounding_protocol,
    yolov3_protocol,
)
from harness.model.detectors.yolov3 import open_yolov3
from harness.model.networks.backbones import BACKBONES
from harness.model.networks.blazeface import EDITIONS, BlazeFace
from harness.model.networks.functions import HeadsFunction, NetworkFunction
from harness.model.networks.pruned_channels import pruned_channels, pruning_of
from harness.model.networks.shapes import NetworkShapes, network_shapes
from harness.model.networks.structure import Structure, structure_of
from harness.model.networks.yolov3 import YoloV3
from harness.values.rows import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """What the model room knows of the rows of one architecture."""

    backbones: Collection[str]  # whose networks are built
    network: Callable[[Row], NetworkFunction]  # of a row with such a backbone
    protocol: Callable[[Row], Mapping[str, str]]
    open_folder: Callable[[Path, Row, Sequence[str]], OpenedArchive]
    #: Of a row: what its detector takes beside heads or program, and input size.
    word: Callable[[Row], str]
    #: Of heads, that word, an input size, and what is told of what looks wrong.
    detector: Callable[
        [HeadsFunction, str, int, Callable[[str], None]], ObjectDetector | FaceDetector
    ]
    program_detector: str  # key of program_service.DETECTORS
    #: Outputs and deformable convolutions of ``quant_aware`` rows stay in float.
    has_float_convs: bool  # zoo-spec 2.7


#: Word of a row -> what it means.
ARCHITECTURES: Mapping[str, Architecture] = {
    "yolov3": Architecture(
        backbones=BACKBONES.keys(),
        network=lambda row: YoloV3(
            backbone=row.backbone,
            num_classes=row.num_classes,
            width=row.width,
            head_channels=pruned_channels(pruning_of(row.shaped_by), row.width),
        ),
        protocol=lambda row: yolov3_protocol(row.backbone),
        open_folder=lambda folder, row, also_accepted: open_yolov3(
            folder,
            backbone=row.backbone,
            strategy=row.shaped_by,
            num_classes=row.num_classes,
            width=row.width,
            also_accepted=also_accepted,
        ),
        word=lambda row: row.backbone,
        detector=lambda heads, word, input_px, noting: ObjectDetector(
            find=objects_of_heads(heads, noting=noting),
            backbone=word,
            input_px=input_px,
        ),
        program_detector="objects",
        has_float_convs=True,
    ),
    "blazeface": Architecture(
        backbones=EDITIONS.keys(),
        network=lambda row: BlazeFace(edition=row.backbone, width=row.width),
        protocol=lambda row: blazeface_protocol(row.scales),
        open_folder=lambda folder, row, _: open_blazeface(
            folder, edition=row.backbone, width=row.width, strategy=row.strategy
        ),
        word=lambda row: row.scales,
        detector=lambda heads, word, input_px, _: FaceDetector(
            find=faces_of_heads(heads), scales=word, input_px=input_px
        ),
        program_detector="faces",
        has_float_convs=False,
    ),
}


def demand_row(row: Row) -> None:
    """Refuse a row whose network is not built, before its archive is downloaded.

    Raises:
        ArchiveUnreadable: it is named.
    """
    if not _is_built(row):
        raise ArchiveUnreadable(
            _no_network(row),
            expected=" or ".join(
                f"{name}-{backbone}"
                for name, architecture in ARCHITECTURES.items()
                for backbone in architecture.backbones
            ),
            next_step="the archive was not downloaded",
        )


def network_of_row(row: Row) -> NetworkFunction:
    """Return the network of a row, to be run by any :class:`Ops`.

    Raises:
        ArchiveUnreadable: it is not built; it is named.
    """
    if not _is_built(row):
        raise ArchiveUnreadable(
            _no_network(row), next_step="its figures were not computed"
        )
    return ARCHITECTURES[row.architecture].network(row)


def shapes_of_row(row: Row) -> NetworkShapes:
    """Return the variables and the work of a row's network.

    Raises:
        ArchiveUnreadable: it is not built; it is named.
    """
    return network_shapes(network_of_row(row))


def structure_of_row(row: Row) -> Structure:
    """Return the figures of a row's network at the row's input size.

    Those of a quantised row are of its float network.

    Raises:
        ArchiveUnreadable: the network is not built; it is named.
    """
    shapes = shapes_of_row(row)
    has_float_convs = ARCHITECTURES[row.architecture].has_float_convs
    return structure_of(
        shapes,
        input_px=row.input_px,
        keeps_float=has_float_convs and row.strategy == "quant_aware",
    )


def protocol_of_row(row: Row) -> Mapping[str, str]:
    """Return the protocol of a row, as plain words.

    Raises:
        KeyError: its network is not built.
    """
    return {
        **ARCHITECTURES[row.architecture].protocol(row),
        **rounding_protocol(row.strategy),
    }


def open_archive(
    folder: Path, row: Row, also_accepted: Sequence[str] = ()
) -> OpenedArchive:
    """Read the folder of a row's archive.

    Args:
        folder: in any layout of ``LAYOUTS``.
        row: says which network it ought to be.
        also_accepted: strategies that an erratum holds possible too.

    Raises:
        ArchiveUnreadable: the network is not built, or the files are another one's.
    """
    demand_row(row)
    return ARCHITECTURES[row.architecture].open_folder(folder, row, also_accepted)


def _is_built(row: Row) -> bool:
    architecture = ARCHITECTURES.get(row.architecture)
    return architecture is not None and row.backbone in architecture.backbones


def _no_network(row: Row) -> str:
    return f"no network {row.architecture}-{row.backbone} in this version"
