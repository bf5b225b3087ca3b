"""A program in a child process gives what it gives here, and its end is told."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from harness.errors import ArchiveUnreadable, DetectionsInvalid, LimitReached
from harness.model.boxes.face_finding import FaceDetector
from harness.model.boxes.object_finding import ObjectDetector
from harness.model.program import program_child as program_process
from harness.model.program.limits import ProgramLimits
from harness.model.program.limits import memory_bytes as program_memory_bytes
from harness.model.program.messages import (
    Found,
    Opened,
    OutOfMemory,
    Refused,
    answer_bytes,
)
from harness.model.program.opened_program import open_program
from harness.model.program.program_child import (
    ProcessDetector,
    ProgramProcess,
    start_program,
)
from harness.model.program.program_rows import boxes_in_pixels, boxes_in_shares
from harness.process.limited_child import ChildCrashed

PX = 96


@pytest.fixture(scope="module")
def opened(layout_folder, open_layout):
    return open_layout(layout_folder("program_params"))


@pytest.fixture(scope="module")
def start(cpu):
    processes = []

    def starting(opened, memory_bytes=None):
        limits = ProgramLimits(memory_bytes=memory_bytes)
        processes.append(
            start_program(
                opened.program,
                opened.weights,
                cpu,
                limits=limits,
                batch_pixels=8 * PX * PX,
            )
        )
        return processes[-1]

    yield starting
    for one in processes:
        one.child.close()


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(3)
    return rng.integers(0, 256, (3, PX, PX, 3), dtype=np.uint8)


def same(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(one.classes, other.classes)
        assert np.array_equal(one.scores, other.scores)
        assert np.array_equal(one.boxes_xyxy, other.boxes_xyxy)
    assert sum(len(one.scores) for one in found) > 0


def test_objects_are_those_that_are_found_in_this_process(opened, start, images, cpu):
    sizes_hw = np.int32([[100, 200], [300, 50], [96, 96]])
    detector = ProcessDetector(
        process=start(opened), detector="objects", word="mobilenet_v1", input_px=PX
    )
    run = open_program(opened.program, opened.weights, cpu)
    here = ObjectDetector(
        find=boxes_in_pixels(run), backbone="mobilenet_v1", input_px=PX
    )

    same(detector.detect(images, sizes_hw), here.detect(images, sizes_hw))
    assert detector.cpu_clock_s() > 0


def test_faces_of_images_of_any_size_are_those_of_this_process(
    layout_folder, start, images, cpu, open_faces
):
    opened = open_faces(layout_folder("blazeface_lite_program_params"))
    several = [images[0], images[1, :80, :64], np.ascontiguousarray(images[2, ::2])]
    sizes_hw = np.int32([one.shape[:2] for one in several])
    detector = ProcessDetector(
        process=start(opened), detector="faces", word="single", input_px=640
    )
    run = open_program(opened.program, opened.weights, cpu)
    here = FaceDetector(find=boxes_in_shares(run), scales="single", input_px=640)

    same(detector.detect(several, sizes_hw), here.detect(several, sizes_hw))


@pytest.fixture(scope="module")
def open_faces():
    from harness.model.detectors.blazeface import open_blazeface

    return lambda folder: open_blazeface(folder, edition="lite", width=1 / 4)


def test_a_program_that_paddle_refuses_is_unreadable_in_its_process(opened, start):
    operators = [
        replace(one, inputs={}) if one.kind == "yolo_box" else one
        for one in opened.program.operators
    ]
    desc = replace(opened.program.desc, operators=tuple(operators))
    broken = replace(opened, program=replace(opened.program, desc=desc))

    with pytest.raises(
        ArchiveUnreadable, match=r"^Paddle \d\S+ cannot open the program; got \S+"
    ):
        start(broken)


def test_a_program_that_cannot_run_is_unreadable_and_the_process_goes_on(
    opened, start, images
):
    detector = ProcessDetector(
        process=start(opened), detector="objects", word="mobilenet_v1", input_px=PX
    )
    odd = images[:1, :50, :70]  # no multiple of the stride: the concat does not fit

    with pytest.raises(
        ArchiveUnreadable, match=r"^Paddle \d\S+ cannot run the program; got \S+"
    ):
        detector.detect(odd, np.int32([[50, 70]]))
    assert detector.detect(images, np.int32([[9, 9]] * 3))


def test_too_little_memory_names_the_option(opened, start):
    with pytest.raises(
        LimitReached,
        match=r"^memory of the child process; expected at most 400 MB, got .*; "
        r"raise --program-memory if this machine has more$",
    ):
        start(opened, memory_bytes=400 << 20)


class FakeChild:
    """Answers with what it is given, or raises it."""

    def __init__(self, answer):
        self.answer, self.limits, self.closed = answer, [], False
        self.longest = []

    def ask(self, _parts, *, limit_s, longest_answer_bytes):
        self.limits.append(limit_s)
        self.longest.append(longest_answer_bytes)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def close(self):
        self.closed = True


def found_bytes(**changed):
    sound = {
        "counts": [1, 1],
        "classes": np.int32([0, 2]).tobytes(),
        "scores": np.float32([0.5, 0.25]).tobytes(),
        "boxes_xyxy": np.zeros((2, 4), np.float32).tobytes(),
        "cpu_s": 0.5,
    }
    return answer_bytes(Found(**{**sound, **changed}))


def process_of(answer):
    return ProgramProcess(child=FakeChild(answer), limits=ProgramLimits())


def find(answer, process=None):
    process = process or process_of(answer)
    images = np.zeros((2, 4, 4, 3), np.uint8)
    return process.find("objects", "mobilenet_v1", 4, images, np.int32([[4, 4]] * 2))


def test_a_sound_answer_is_taken():
    first, second = find(found_bytes())

    assert (first.classes.tolist(), second.scores.tolist()) == ([0], [0.25])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"counts": [2]}, r"^arrays of the process .* 2 images, .*, got 1 images"),
        ({"counts": [3, -1]}, r"^arrays of the process that ran the program"),
        ({"counts": [1, 2]}, r"^arrays of the process that ran the program"),
        ({"boxes_xyxy": b"1234"}, r"got 2 images, \(8, 8, 4\) bytes$"),
        ({"scores": np.float32([0.5, np.nan]).tobytes()}, r"^scores, .*finite numbers"),
        (
            {"boxes_xyxy": np.full((2, 4), np.inf, np.float32).tobytes()},
            r"^boxes_xyxy,",
        ),
        ({"classes": np.int32([0, -1]).tobytes()}, r"^classes; expected 0 or more"),
    ],
)
def test_arrays_of_a_child_are_checked_like_those_of_a_file(changed, message):
    with pytest.raises(DetectionsInvalid, match=message):
        find(found_bytes(**changed))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"", r"^answer of the process that ran the program; expected detections"),
        (b"\x93\x01\x02\x03", r"^answer of the process that ran the program; expec"),
        (msgspec.msgpack.encode({"type": "Found", "more": 1}), r"^answer of the proc"),
        (answer_bytes(Opened()), r"^answer of .*; expected detections, got Opened$"),
        (answer_bytes(Refused("odd", None, "this")), r"^odd; got this$"),
        (ChildCrashed("SIGSEGV"), r"^the program crashed .*, got SIGSEGV; run the arc"),
    ],
)
def test_another_answer_is_unreadable(answer, message):
    with pytest.raises(ArchiveUnreadable, match=message):
        find(answer)


def test_a_child_that_gives_no_answer_is_ended_and_one_that_refuses_is_not():
    for answer, is_ended in (
        (b"", True),
        (answer_bytes(Refused("odd", "a", "b")), False),
    ):
        process = process_of(answer)
        with pytest.raises(ArchiveUnreadable):
            find(answer, process)

        assert process.child.closed == is_ended


def test_an_answer_has_room_for_ten_thousand_detections_of_each_image():
    process = process_of(found_bytes())

    find(None, process)

    assert process.child.longest == [2 * 10_000 * 24 + 65_536]


def test_the_seconds_of_all_answers_are_added_up_and_none_is_below_0():
    process = process_of(found_bytes())

    for seconds in (0.5, -4.0, 0.25):
        process.child.answer = found_bytes(cpu_s=seconds)
        find(None, process)

    assert process.cpu_s == 0.75


def test_a_child_without_memory_ends_as_the_limit_says():
    process = process_of(answer_bytes(OutOfMemory("2 GB")))
    process.child.out_of_memory = lambda got: LimitReached("memory", got=got)

    with pytest.raises(LimitReached, match=r"^memory; got 2 GB$"):
        find(None, process)


@pytest.fixture
def child_limits(monkeypatch, opened, cpu):
    """Say with which limits a program's child is started."""

    def started(*, memory_bytes=None, kind="cpu", batch_pixels=0):
        asked = []

        def child(service, *, limits):
            asked.append((service, limits))
            return FakeChild(answer_bytes(Opened()))

        monkeypatch.setattr(program_process, "LimitedChild", child)
        process = start_program(
            opened.program,
            opened.weights,
            replace(cpu, kind=kind),
            limits=ProgramLimits(memory_bytes=memory_bytes, first_s=5),
            batch_pixels=batch_pixels,
        )
        assert process.child.limits == [5]
        ((service, limits),) = asked
        assert service.startswith("harness.model.program.program_service:")
        return limits

    return started


def test_a_child_may_take_what_the_user_says_or_what_its_program_needs(
    child_limits, opened
):
    weight_bytes = sum(one.nbytes for one in opened.weights.values())
    pixels = 10_000_000

    assert child_limits(memory_bytes=123).memory_bytes == 123
    assert child_limits(batch_pixels=pixels).memory_bytes == program_memory_bytes(
        weight_bytes, pixels
    )


def test_memory_is_watched_from_outside_on_a_gpu_alone(child_limits):
    assert not child_limits(kind="cpu").watches_resident
    assert child_limits(kind="gpu").watches_resident


def test_both_limits_name_the_option_that_raises_them(child_limits):
    limits = child_limits()

    assert limits.memory_step.startswith("raise --program-memory if ")
    assert limits.time_step.startswith("raise --program-seconds if ")


def test_what_is_no_answer_to_opening_is_refused(monkeypatch, opened, cpu):
    monkeypatch.setattr(
        program_process, "LimitedChild", lambda *_, **__: FakeChild(found_bytes())
    )

    with pytest.raises(
        ArchiveUnreadable, match=r"^answer of the process .*, got Found$"
    ):
        start_program(
            opened.program, opened.weights, cpu, limits=ProgramLimits(), batch_pixels=0
        )


def test_the_time_of_a_batch_follows_from_the_first_ones(monkeypatch):
    clock = iter(range(0, 1000, 30))  # each batch takes 30 s
    monkeypatch.setattr(program_process.time, "monotonic", lambda: next(clock))
    child = FakeChild(found_bytes(counts=[2]))
    process = ProgramProcess(child=child, limits=ProgramLimits(first_s=77))
    for side in (4, 4, 4, 4, 8):
        image = np.zeros((1, side, side, 3), np.uint8)
        process.find("objects", "mobilenet_v1", side, image, np.int32([[4, 4]]))

    assert child.limits == [77, 77, 77, 600, 2400]  # four times the pixels
