"""Runs the program of an archive in a child process: the side that asks.

A program that passed every check may still crash Paddle, never end, or take all memory.
Then its child ends, and only the rows of its own archive are lost.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.errors import ArchiveUnreadable, DetectionsInvalid, LimitReached
from harness.files.temporary import temporary_folder
from harness.model.layouts.contract import InferenceProgram
from harness.model.layouts.weights import Arrays
from harness.model.machine.device import Device
from harness.model.paddle_run.predictor import write_graph
from harness.model.program.limits import (
    MEMORY_OPTION,
    TIME_OPTION,
    ProgramLimits,
    memory_bytes,
    patience_s,
)
from harness.model.program.messages import (
    Answer,
    Found,
    Looking,
    Opened,
    Opening,
    OutOfMemory,
    Question,
    Refused,
    question_parts,
    read_answer,
)
from harness.model.program.opened_program import written_anew
from harness.process.limited_child import ChildCrashed, ChildLimits, LimitedChild
from harness.values.detections import ImageDetections, join_images

LOGGER = logging.getLogger(__name__)

SERVICE = "harness.model.program.program_service:program_service"

#: The published rules keep 100 boxes of an image, 750 of faces.
MOST_DETECTIONS = 10_000
ROW_BYTES = 4 * 6


@dataclass(slots=True, kw_only=True)
class ProgramProcess:
    """An open program in a child process."""

    child: LimitedChild
    limits: ProgramLimits
    cpu_s: float = 0.0  # processor seconds of all its answers
    _per_pixel_s: list[float] = field(default_factory=list)

    def find(
        self,
        detector: str,
        word: str,
        input_px: int,
        images_rgb: Sequence[NDArray[np.uint8]],
        sizes_hw: NDArray[np.int32],
    ) -> list[ImageDetections]:
        """Return the detections of each image, in its original pixels.

        Args:
            detector: key of ``program_service.DETECTORS``.
            word: what that takes beside the program and the size.
            input_px: as the row prints it.
            images_rgb: B of ``[H, W, 3]``, red first.
            sizes_hw: ``[B, 2]``, original height and width.

        Raises:
            ArchiveUnreadable: the program crashes, or what it gives are no detections.
            LimitReached: it takes more memory or time than it may, or was ended.
            DetectionsInvalid: no metric may score what it gives.
        """
        arrays = [np.ascontiguousarray(one) for one in images_rgb]
        question = Looking(
            detector=detector,
            word=word,
            input_px=input_px,
            shapes_hw=[(one.shape[0], one.shape[1]) for one in arrays],
            sizes_hw=[(int(height), int(width)) for height, width in sizes_hw],
        )
        pixels = max(1, sum(one.size // 3 for one in arrays))
        started_s = time.monotonic()
        limit_s = patience_s(self.limits.first_s, self._per_pixel_s, pixels)
        answer = self.ask(question, arrays, limit_s=limit_s)
        took_s = time.monotonic() - started_s
        self._per_pixel_s.append(took_s / pixels)
        LOGGER.debug(
            "program answered for %d images in %.2f s, of %.0f s",
            len(arrays),
            took_s,
            limit_s,
        )
        if not isinstance(answer, Found):
            raise _no_answer(answer)
        self.cpu_s += max(0.0, answer.cpu_s)
        return _checked_detections(answer, len(arrays))

    def ask(
        self, question: Question, pixels: Sequence[Any] = (), *, limit_s: float
    ) -> Answer:
        """Return the answer of a question.

        Raises:
            ArchiveUnreadable: the program crashes, or cannot be opened or run.
            LimitReached: it takes more memory or time than it may, or was ended.
        """
        most = MOST_DETECTIONS * ROW_BYTES * max(1, len(pixels)) + (1 << 16)
        try:
            content = self.child.ask(
                question_parts(question, pixels),
                limit_s=limit_s,
                longest_answer_bytes=most,
            )
            answer = read_answer(content)
        except ChildCrashed as error:
            LOGGER.info("program crashed its process: %s", error.signal_name)
            raise ArchiveUnreadable(
                "the program crashed the process that ran it",
                expected="detections",
                got=error.signal_name,
                next_step="run the archive by its weights alone, without its program",
            ) from error
        except LimitReached as error:
            LOGGER.info("program killed: %s", error.what)
            raise
        except msgspec.DecodeError as error:
            LOGGER.info("program killed: what it answered is no answer")
            self.child.close()
            raise _no_answer(error) from error
        if isinstance(answer, Refused):
            raise ArchiveUnreadable(
                answer.what, expected=answer.expected, got=answer.got
            )
        if isinstance(answer, OutOfMemory):
            raise self.child.out_of_memory(answer.told)
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessDetector:
    """Finds in images what the program of an archive finds, in its process."""

    process: ProgramProcess
    detector: str  # key of program_service.DETECTORS
    word: str  # the backbone of a YOLOv3, the scales of faces
    input_px: int

    def detect(
        self, images_rgb: Sequence[NDArray[np.uint8]], sizes_hw: NDArray[np.int32]
    ) -> list[ImageDetections]:
        """Return the detections of each image; see :meth:`ProgramProcess.find`."""
        return self.process.find(
            self.detector, self.word, self.input_px, images_rgb, sizes_hw
        )

    def cpu_clock_s(self) -> float:
        """Return the processor seconds used so far to answer."""
        return self.process.cpu_s


def start_program(
    program: InferenceProgram,
    weights: Arrays,
    device: Device,
    *,
    limits: ProgramLimits,
    batch_pixels: int,
) -> ProgramProcess:
    """Open the program of an archive in a process of its own.

    Args:
        program: of an opened archive.
        weights: a value for each of its parameters.
        device: what computes.
        limits: what the user lets it take.
        batch_pixels: the most that it is asked to look at in one step.

    Raises:
        ArchiveUnreadable: this Paddle has no such operator, or cannot open it.
        LimitReached: it takes more memory or time than it may.
    """
    written = written_anew(program, weights, device.precision)
    held_bytes = sum(one.nbytes for one in written.weights.values())
    child = LimitedChild(
        SERVICE,
        limits=ChildLimits(
            memory_bytes=limits.memory_bytes or memory_bytes(held_bytes, batch_pixels),
            memory_step=f"raise {MEMORY_OPTION} if this machine has more",
            time_step=f"raise {TIME_OPTION} if that is little for this machine",
            watches_resident=device.kind == "gpu",
        ),
    )
    process = ProgramProcess(child=child, limits=limits)
    with temporary_folder("graph") as folder:
        write_graph(
            folder, written.content, written.weights, precision=device.precision
        )
        opening = Opening(
            folder=str(folder),
            device=device,
            image=written.image,
            im_size=written.im_size,
        )
        answer = process.ask(opening, limit_s=limits.first_s)
    if not isinstance(answer, Opened):
        raise _no_answer(answer)
    LOGGER.info("program started in a process of its own, on %s", device.kind)
    return process


def _no_answer(got: object) -> ArchiveUnreadable:
    return ArchiveUnreadable(
        "answer of the process that ran the program",
        expected="detections",
        got=type(got).__name__,
    )


def _checked_detections(answer: Found, images: int) -> list[ImageDetections]:
    """Return the detections of an answer, checked as those of a file are."""
    total = sum(answer.counts)
    sizes = (4 * total, 4 * total, 16 * total)
    got = (len(answer.classes), len(answer.scores), len(answer.boxes_xyxy))
    is_sound = len(answer.counts) == images and min(answer.counts, default=0) >= 0
    if not is_sound or sizes != got:
        raise DetectionsInvalid(
            "arrays of the process that ran the program",
            expected=f"{images} images, {sizes} bytes",
            got=f"{len(answer.counts)} images, {got} bytes",
        )
    ends = np.cumsum(answer.counts)[:-1]
    classes = np.frombuffer(answer.classes, np.int32)
    scores = np.frombuffer(answer.scores, np.float32)
    boxes_xyxy = np.frombuffer(answer.boxes_xyxy, np.float32).reshape(-1, 4)
    detections = [
        ImageDetections(classes=some, scores=their_scores, boxes_xyxy=their_boxes)
        for some, their_scores, their_boxes in zip(
            np.split(classes, ends),
            np.split(scores, ends),
            np.split(boxes_xyxy, ends),
            strict=True,
        )
    ]
    join_images(range(images), detections).check()
    return detections
