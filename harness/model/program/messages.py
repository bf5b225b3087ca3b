"""The messages between the process that measures and the one that runs a program.

They are read strictly: a message of another form is refused, whoever wrote it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import msgspec

from harness.model.machine.device import Device

#: Before a question's pixels: how many bytes the question has.
HEAD = struct.Struct("<I")


class Opening(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Asks to open the program that was written into a folder."""

    folder: str
    device: Device
    image: str
    im_size: str | None


class Looking(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Asks what is in the images whose pixels follow."""

    detector: str  # key of DETECTORS
    word: str  # the backbone of a YOLOv3, the scales of faces
    input_px: int
    shapes_hw: list[tuple[int, int]]  # of the pixels of each
    sizes_hw: list[tuple[int, int]]  # as annotated


class Opened(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Says that the program is open."""


class Found(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Says what is in the images: the bytes of flat arrays."""

    counts: list[int]  # detections of each image
    classes: bytes  # int32 [K]
    scores: bytes  # float32 [K]
    boxes_xyxy: bytes  # float32 [K, 4]
    cpu_s: float  # processor seconds that it took


class Refused(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Says why the program cannot be opened or run."""

    what: str
    expected: str | None
    got: str | None


class OutOfMemory(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Says that the process got no more memory."""

    told: str


Question = Opening | Looking
Answer = Opened | Found | Refused | OutOfMemory


def question_parts(question: Question, pixels: Sequence[Any] = ()) -> list[Any]:
    """Return the bytes of a question, one after the other.

    Args:
        question: what is asked.
        pixels: uint8 arrays, contiguous, in the order of the question's shapes.
    """
    content = msgspec.msgpack.encode(question)
    return [HEAD.pack(len(content)), content, *pixels]


def read_question(message: memoryview) -> tuple[Question, memoryview]:
    """Return a question and the bytes after it.

    Raises:
        msgspec.DecodeError: it is none.
    """
    (size,) = HEAD.unpack_from(message)
    end = HEAD.size + size
    return (
        msgspec.msgpack.decode(message[HEAD.size : end], type=Question),
        message[end:],
    )


def answer_bytes(answer: Answer) -> bytes:
    """Return the bytes of an answer."""
    return msgspec.msgpack.encode(answer)


def read_answer(content: bytes) -> Answer:
    """Return an answer.

    Raises:
        msgspec.DecodeError: it is none.
    """
    answer: Answer = msgspec.msgpack.decode(content, type=Answer)
    return answer
