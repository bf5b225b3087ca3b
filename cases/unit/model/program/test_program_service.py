"""The side that computes, asked in this process."""

import numpy as np
import pytest

from harness.errors import ArchiveUnreadable
from harness.model.paddle_run.device import Device
from harness.model.program import program_service
from harness.model.program.messages import (
    Found,
    Looking,
    Opened,
    Opening,
    OutOfMemory,
    Refused,
    question_parts,
    read_answer,
)

OPENING = Opening(
    folder="graph",
    device=Device(kind="cpu", model="any", threads=1),
    image="image",
    im_size="im_size",
)


@pytest.fixture
def ask(monkeypatch):
    """Ask a service whose program is a function of the test."""

    def asking(question, pixels=(), *, run=None):
        monkeypatch.setattr(
            program_service, "open_written", lambda folder, *, device: run
        )
        monkeypatch.setattr(
            program_service, "program_function", lambda predictor, **feeds: predictor
        )
        answer = program_service.program_service()
        assert read_answer(answer(message(OPENING))) == Opened()
        return read_answer(answer(message(question, pixels)))

    return asking


def message(question, pixels=()):
    return memoryview(b"".join(bytes(one) for one in question_parts(question, pixels)))


def looking(*shapes_hw, detector="objects", word="mobilenet_v1"):
    question = Looking(
        detector=detector,
        word=word,
        input_px=4,
        shapes_hw=list(shapes_hw),
        sizes_hw=[(10, 20)] * len(shapes_hw),
    )
    pixels = [
        np.full((*shape_hw, 3), place, np.uint8)
        for place, shape_hw in enumerate(shapes_hw)
    ]
    return question, pixels


def raising(error):
    def run(images, sizes_hw):
        raise error

    return run


def test_what_the_program_finds_is_answered_by_image(ask):
    rows = np.float32([[1, 0.5, 0, 1, 2, 3], [2, 0.25, 4, 5, 6, 7]])
    seen = []

    def run(images, sizes_hw):
        seen.append((images.shape, sizes_hw.tolist(), images[1, 0, 0, 0]))
        return rows, [0, 0, 2]

    answer = ask(*looking((4, 4), (4, 4)), run=run)

    assert isinstance(answer, Found)
    assert answer.counts == [0, 2]
    assert answer.classes == np.int32([1, 2]).tobytes()
    assert answer.scores == np.float32([0.5, 0.25]).tobytes()
    assert answer.boxes_xyxy == rows[:, 2:].tobytes()
    red = pytest.approx((1 / 255 - 0.485) / 0.229)
    assert seen == [((2, 3, 4, 4), [[10, 20], [10, 20]], red)]


def test_the_seconds_of_an_answer_are_the_processors(ask, monkeypatch):
    clock_s = iter((3.0, 7.5))
    monkeypatch.setattr(program_service.time, "process_time", lambda: next(clock_s))

    answer = ask(*looking((4, 4)), run=lambda *_: (np.zeros((0, 6), np.float32), ()))

    assert answer.cpu_s == 4.5


def test_images_of_several_shapes_are_each_their_own(ask):
    seen = []

    def run(images, sizes_hw):
        seen.append((images.shape, sizes_hw.tolist()))
        return np.zeros((0, 6), np.float32), ()

    question, pixels = looking((8, 6), (4, 10), (8, 6), detector="faces", word="single")
    answer = ask(question, pixels, run=run)

    assert answer.counts == [0, 0, 0]
    assert seen == [
        ((1, 3, 8, 6), [[8, 6]]),
        ((1, 3, 4, 10), [[4, 10]]),
        ((1, 3, 8, 6), [[8, 6]]),
    ]


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (MemoryError("of 4 GB"), OutOfMemory("of 4 GB")),
        (MemoryError(), OutOfMemory("no more to be had")),
        (RuntimeError("std::bad_alloc"), OutOfMemory("std::bad_alloc")),
        (ArchiveUnreadable("odd"), Refused("odd", None, None)),
        (
            ArchiveUnreadable("shape", expected=(1, 2), got=0),
            Refused("shape", "(1, 2)", "0"),
        ),
    ],
)
def test_an_error_is_an_answer(ask, error, answer):
    assert ask(*looking((4, 4)), run=raising(error)) == answer


def test_any_other_error_of_paddle_is_a_refusal_with_its_first_line(ask):
    answer = ask(*looking((4, 4)), run=raising(IndexError("\n  out of range\nstack")))

    assert answer.what.startswith("Paddle ")
    assert answer.what.endswith(" cannot run the program")
    assert (answer.expected, answer.got) == (None, "out of range")
