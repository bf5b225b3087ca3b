"""Runs the program of an archive in a child process: the side that computes.

Started by :mod:`harness.model.program.program_child`, which wrote the program anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import ArchiveUnreadable
from harness.model.boxes.face_finding import FaceDetector
from harness.model.boxes.object_finding import ObjectDetector
from harness.model.paddle_run.predictor import open_written
from harness.model.program.messages import (
    Answer,
    Found,
    Looking,
    Opened,
    Opening,
    OutOfMemory,
    Refused,
    answer_bytes,
    read_question,
)
from harness.model.program.opened_program import (
    ProgramFunction,
    program_function,
    refusing,
)
from harness.model.program.program_rows import boxes_in_pixels, boxes_in_shares
from harness.values.detections import ImageDetections, join_images

#: Word of a question -> what finds.
DETECTORS: Mapping[str, Callable[[ProgramFunction, str, int], Any]] = {
    "objects": lambda run, word, input_px: ObjectDetector(
        find=boxes_in_pixels(run), backbone=word, input_px=input_px
    ),
    "faces": lambda run, word, input_px: FaceDetector(
        find=boxes_in_shares(run), scales=word, input_px=input_px
    ),
}


def program_service() -> Callable[[memoryview], bytes]:
    """Return what answers the questions of one archive's program."""
    return _Service().answer


@dataclass(slots=True)
class _Service:
    """Holds the program once it is open."""

    run: ProgramFunction | None = None

    def answer(self, message: memoryview) -> bytes:
        """Return the answer of a question, refusals too."""
        try:
            return answer_bytes(self._answer(message))
        except ArchiveUnreadable as error:
            expected, got = (
                None if one is None else str(one) for one in (error.expected, error.got)
            )
            return answer_bytes(Refused(error.what, expected, got))
        except MemoryError as error:
            return answer_bytes(OutOfMemory(str(error) or "no more to be had"))

    def _answer(self, message: memoryview) -> Answer:
        question, pixels = read_question(message)
        if isinstance(question, Opening):
            self._open(question)
            return Opened()
        started_s = time.process_time()
        with refusing("run"):
            detections = self._look(question, pixels)
        joined = join_images(range(len(detections)), detections)
        return Found(
            counts=[len(one.scores) for one in detections],
            classes=joined.classes.tobytes(),
            scores=joined.scores.tobytes(),
            boxes_xyxy=joined.boxes_xyxy.tobytes(),
            cpu_s=time.process_time() - started_s,
        )

    def _open(self, question: Opening) -> None:
        with refusing("open"):
            predictor = open_written(Path(question.folder), device=question.device)
            self.run = program_function(
                predictor, image=question.image, im_size=question.im_size
            )

    def _look(self, question: Looking, pixels: memoryview) -> list[ImageDetections]:
        assert self.run is not None
        detector = DETECTORS[question.detector](
            self.run, question.word, question.input_px
        )
        detections: list[ImageDetections] = detector.detect(
            _images(question.shapes_hw, pixels),
            np.asarray(question.sizes_hw, np.int32).reshape(-1, 2),
        )
        return detections


def _images(shapes_hw: Sequence[tuple[int, int]], pixels: memoryview) -> Any:
    """Return the images of a question, as one array if all are of one shape.

    Images of a square view are. Faces are looked at one by one, whatever their shapes.
    """
    flat = np.frombuffer(pixels, np.uint8)
    if len(set(shapes_hw)) == 1:
        return flat.reshape(-1, *shapes_hw[0], 3)
    ends = np.cumsum([3 * height_px * width_px for height_px, width_px in shapes_hw])
    return [
        some.reshape(height_px, width_px, 3)
        for some, (height_px, width_px) in zip(
            np.split(flat, ends[:-1]), shapes_hw, strict=True
        )
    ]
