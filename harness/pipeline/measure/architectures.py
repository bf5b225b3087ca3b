"""What a row's architecture means to a measurement: one entry for each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from harness.dataset.views import AsItIs, Square, View
from harness.evaluate.batches import BATCH_SIZE
from harness.evaluate.detector_run import Detector
from harness.model.boxes.face_finding import FaceDetector
from harness.model.boxes.face_scales import LARGEST_AREA_PX2
from harness.model.detectors.archive_heads import open_heads
from harness.model.detectors.face_archive import OpenedFaceArchive, open_face_archive
from harness.model.detectors.protocol import (
    blazeface_protocol,
    rounding_protocol,
    yolov3_protocol,
)
from harness.model.detectors.yolov3_archive import Detector as YoloV3Detector
from harness.model.detectors.yolov3_archive import OpenedArchive, open_archive
from harness.model.layouts.contract import InferenceProgram
from harness.model.layouts.weights import Arrays
from harness.model.networks.yolov3 import demand_network
from harness.model.paddle_run.device import Device
from harness.model.program.limits import ProgramLimits
from harness.model.program.program_child import (
    ProcessDetector,
    ProgramProcess,
    start_program,
)
from harness.model.quantised.quantisation import Quantisation
from harness.values.rows import Row


class Opened(Protocol):
    """A network with a value for every variable, read from an archive's folder."""

    @property
    def network(self) -> Any:
        """The network; equal networks are of equal shapes."""
        ...

    @property
    def layout(self) -> str:
        """Key of LAYOUTS."""
        ...

    @property
    def shape_plan(self) -> str:
        """The plan whose shapes the files have."""
        ...

    @property
    def weights(self) -> Mapping[str, NDArray[Any]]:
        """A value for every variable, or for every parameter of a program."""
        ...

    @property
    def quantisation(self) -> Quantisation | None:
        """What is in 8 bits; None: nothing."""
        ...

    @property
    def ignored_files(self) -> tuple[str, ...]:
        """Files that the network has no variable for."""
        ...


#: Makes a detector for a row of an archive and an input size; the graph is open.
Detectors = Callable[[Row, int], Detector]


@dataclass(frozen=True, slots=True, kw_only=True)
class Computing:
    """What computes a graph, and how."""

    device: Device
    optimise: bool
    program_limits: ProgramLimits
    largest_px: int  # the largest input size that is asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """How the rows of one architecture are read, looked at and run."""

    protocol: Callable[[Row], Mapping[str, str]]
    view: Callable[[int], View]  # of an input size
    open_folder: Callable[[Path, Row, Sequence[str]], Opened]
    open_detectors: Callable[[Any, Computing], Detectors]


def demand_row(row: Row) -> None:
    """Refuse a row that this version cannot run.

    Raises:
        ArchiveUnreadable: the network is not built yet; it is named.
    """
    demand_network(row.architecture, row.backbone)


def _open_yolov3(folder: Path, row: Row, also_accepted: Sequence[str]) -> OpenedArchive:
    return open_archive(
        folder,
        architecture=row.architecture,
        backbone=row.backbone,
        strategy=row.shaped_by,
        num_classes=row.num_classes,
        width=row.width,
        also_accepted=also_accepted,
    )


def _yolov3_detectors(opened: OpenedArchive, by: Computing) -> Detectors:
    backbone = opened.network.backbone
    if opened.program is not None:
        process = _start(
            opened.program, opened.weights, by, BATCH_SIZE * by.largest_px**2
        )
        return lambda row, input_px: ProcessDetector(
            process=process, detector="objects", word=backbone, input_px=input_px
        )
    heads = open_heads(opened, by.device, optimise=by.optimise)
    return lambda row, input_px: YoloV3Detector(
        heads=heads, backbone=backbone, input_px=input_px
    )


def _open_blazeface(
    folder: Path, row: Row, _also_accepted: Sequence[str]
) -> OpenedFaceArchive:
    return open_face_archive(
        folder, edition=row.backbone, width=row.width, strategy=row.strategy
    )


def _blazeface_detectors(opened: OpenedFaceArchive, by: Computing) -> Detectors:
    if opened.program is not None:
        process = _start(opened.program, opened.weights, by, LARGEST_AREA_PX2)
        return lambda row, input_px: ProcessDetector(
            process=process, detector="faces", word=row.scales, input_px=input_px
        )
    heads = open_heads(opened, by.device, optimise=by.optimise)
    return lambda row, input_px: FaceDetector(
        heads=heads, input_px=input_px, scales=row.scales
    )


def _start(
    program: InferenceProgram, weights: Arrays, by: Computing, batch_pixels: int
) -> ProgramProcess:
    return start_program(
        program,
        weights,
        by.device,
        optimise=by.optimise,
        limits=by.program_limits,
        batch_pixels=batch_pixels,
    )


ARCHITECTURES: Mapping[str, Architecture] = {
    "yolov3": Architecture(
        protocol=lambda row: {
            **yolov3_protocol(row.backbone),
            **rounding_protocol(row.strategy),
        },
        view=lambda input_px: Square(input_px=input_px),
        open_folder=_open_yolov3,
        open_detectors=_yolov3_detectors,
    ),
    "blazeface": Architecture(
        protocol=lambda row: {
            **blazeface_protocol(row.scales),
            **rounding_protocol(row.strategy),
        },
        view=lambda input_px: AsItIs(),
        open_folder=_open_blazeface,
        open_detectors=_blazeface_detectors,
    ),
}
