"""Says how the rows of an architecture are looked at and run: one entry for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.dataset.views import AsItIs, Square, View
from harness.evaluate.batches import BATCH_SIZE
from harness.evaluate.detector_run import Detector
from harness.model.boxes.face_scales import LARGEST_AREA_PX2
from harness.model.detectors import architectures as model
from harness.model.detectors.archive_heads import open_heads
from harness.model.detectors.opened_archive import OpenedArchive
from harness.model.machine.device import Device
from harness.model.program.limits import ProgramLimits
from harness.model.program.program_child import ProcessDetector, start_program
from harness.model.runtimes.runtimes import runtime_of
from harness.values.rows import Row

#: Makes a detector for a row of an archive and an input size; the graph is open.
Detectors = Callable[[Row, int], Detector]


@dataclass(frozen=True, slots=True, kw_only=True)
class Computing:
    """What computes a graph, and how much it is given."""

    device: Device
    program_limits: ProgramLimits
    largest_px: int  # the largest input size that is asked for
    #: Told, a line and once for each archive, that it looks untrained.
    noting: Callable[[str], None] = lambda line: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """What a measurement knows of the rows of one architecture."""

    view: Callable[[int], View]  # of an input size
    batch_pixels: Callable[[int], int]  # of an input size: the most in one step


#: Word of a row -> how it is measured; what its network is, the model room says.
ARCHITECTURES: Mapping[str, Architecture] = {
    "yolov3": Architecture(
        view=lambda input_px: Square(input_px=input_px),
        batch_pixels=lambda input_px: BATCH_SIZE * input_px**2,
    ),
    "blazeface": Architecture(
        view=lambda input_px: AsItIs(),
        batch_pixels=lambda input_px: LARGEST_AREA_PX2,
    ),
}


def view_of(row: Row, input_px: int) -> View:
    """Return what a row's detector looks at, at an input size."""
    return ARCHITECTURES[row.architecture].view(input_px)


def open_detectors(
    architecture: str, opened: OpenedArchive, by: Computing
) -> Detectors:
    """Open the network of an archive, or its program in a process of its own.

    A runtime that runs no programs gives our network the program's values.

    Args:
        architecture: key of ``ARCHITECTURES``.
        opened: the archive.
        by: what computes.

    Raises:
        ArchiveUnreadable: this runtime cannot run the program.
        LimitReached: the program takes more memory or time than it may.
    """
    kind = model.ARCHITECTURES[architecture]
    if opened.program is None or not runtime_of(by.device).runs_programs:
        heads = open_heads(opened, by.device)
        note = _first_only(by.noting)
        return lambda row, input_px: kind.detector(
            heads,
            kind.word(row),
            input_px,
            lambda line: note(f"{row.row_id} at {input_px} px: {line}"),
        )
    process = start_program(
        opened.program,
        opened.weights,
        by.device,
        limits=by.program_limits,
        batch_pixels=ARCHITECTURES[architecture].batch_pixels(by.largest_px),
    )
    return lambda row, input_px: ProcessDetector(
        process=process,
        detector=kind.program_detector,
        word=kind.word(row),
        input_px=input_px,
    )


def _first_only(noting: Callable[[str], None]) -> Callable[[str], None]:
    """Return what passes on the first line that it is told, and no other."""
    told: list[str] = []

    def note(line: str) -> None:
        if not told:
            told.append(line)
            noting(line)

    return note
