from dataclasses import replace

import numpy as np
import pytest

from harness.errors import ArchiveUnreadable
from harness.model.boxes.face_finding import FaceDetector
from harness.model.boxes.object_finding import ObjectDetector
from harness.model.boxes.preprocess import NORMALISATIONS
from harness.model.program.opened_program import (
    demand_operators,
    open_program,
    refusing,
)
from harness.model.program.program_rows import (
    boxes_in_pixels,
    boxes_in_shares,
    split_rows,
)

ROWS = np.float32([[2, 0.5, 1, 2, 3, 4], [0, 0.25, 5, 6, 7, 8], [1, 0.75, 0, 0, 9, 9]])


def test_the_rows_of_an_image_are_its_detections():
    first, second, third = split_rows(ROWS, [0, 2, 2, 3], 3)

    assert first.classes.tolist() == [2, 0]
    assert first.scores.tolist() == [0.5, 0.25]
    assert first.boxes_xyxy.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert len(second.scores) == 0
    assert third.classes.tolist() == [1]


@pytest.mark.parametrize(
    ("rows", "places"),
    [
        (np.float32([[-1]]), [0, 1]),  # the old operator
        (np.zeros((0, 6), np.float32), [0, 0, 0]),
        (np.zeros((0, 6), np.float32), []),
    ],
)
def test_no_detection_at_all_is_none_for_each_image(rows, places):
    found = split_rows(rows, places, 2)

    assert [one.boxes_xyxy.shape for one in found] == [(0, 4), (0, 4)]


@pytest.mark.parametrize("shape", [(3, 5), (18,), (3, 6, 1)])
def test_an_output_of_another_form_is_refused(shape):
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^output of the program; expected \[K, 6\] detections, got \(",
    ):
        split_rows(np.zeros(shape, np.float32), [0, 3], 1)


@pytest.mark.parametrize("places", [[], [0, 3], [0, 2, 1, 3], [0, 1, 2], [1, 2, 3]])
def test_lengths_that_are_not_those_of_the_images_are_refused(places):
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^lengths of the program's output; expected those of 2 images with",
    ):
        split_rows(ROWS, places, 2)


@pytest.mark.parametrize("backbone", NORMALISATIONS)
def test_images_are_normalised_for_the_backbone_and_sizes_passed_on(backbone):
    seen = {}

    def run(images, sizes_hw):
        seen.update(images=images, sizes=sizes_hw)
        return ROWS, [0, 3]

    (found,) = ObjectDetector(
        find=boxes_in_pixels(run), backbone=backbone, input_px=32
    ).detect(np.full((1, 32, 32, 3), 255, np.uint8), np.int32([[300, 400]]))

    white = 255 if backbone == "resnet50_vd_dcn_obj365" else 1
    assert seen["images"].shape == (1, 3, 32, 32)
    assert seen["images"][0, 2] == pytest.approx((white - 0.406) / 0.225)  # blue
    assert seen["sizes"].tolist() == [[300, 400]]
    assert found.classes.tolist() == [2, 0, 1]


def test_faces_come_as_shares_of_the_image_and_leave_as_its_pixels():
    seen = {}

    def run(images, sizes_hw):
        seen.update(images=images, sizes=sizes_hw)
        return np.float32([[1, 0.5, -0.25, 0.5, 1.5, 0.75]]), [0, 0, 1]

    none, found = FaceDetector(
        find=boxes_in_shares(run), input_px=640, scales="single"
    ).look(np.zeros((2, 40, 80, 3), np.uint8))

    assert seen["images"].shape == (2, 3, 40, 80)
    assert seen["images"][1, 0] == pytest.approx(-104 / 127.502231)  # blue
    assert seen["sizes"].tolist() == [[40, 80], [40, 80]]
    assert len(none.scores) == 0
    assert found.boxes_xyxy.tolist() == [[-20, 20, 120, 30]]


def test_a_large_image_is_looked_at_smaller_and_told_in_its_own_pixels():
    seen = []

    def run(images, sizes_hw):
        seen.append(images.shape)
        return np.float32([[1, 0.5, 0, 0, 1, 0.5]]), [0, 1]

    detector = FaceDetector(find=boxes_in_shares(run), input_px=640, scales="single")
    images = [np.zeros((2000, 1024, 3), np.uint8), np.zeros((40, 80, 3), np.uint8)]
    large, small = detector.detect(images, np.int32([[2000, 1024], [40, 80]]))

    assert seen == [(1, 3, 1719, 880), (1, 3, 40, 80)]  # 0.86, cut off  # zoo-spec 1.7
    assert large.boxes_xyxy[0] == pytest.approx([0, 0, 880 / 0.86, 859.5 / 0.86])
    assert small.boxes_xyxy.tolist() == [[0, 0, 80, 20]]


def test_an_operator_that_the_runtime_does_not_have_is_named():
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^operator old_nms of the program; expected an operator of Paddle \d",
    ):
        demand_operators(["conv2d", "old_nms"])


@pytest.fixture
def opened(layout_folder, open_layout):
    return open_layout(layout_folder("program_params"))


def test_such_a_program_is_refused_before_it_is_opened(opened, cpu):
    operators = (replace(opened.program.operators[0], kind="multiclass_nmz"),)
    desc = replace(opened.program.desc, operators=operators)

    with pytest.raises(
        ArchiveUnreadable, match=r"^operator multiclass_nmz of the prog"
    ):
        open_program(replace(opened.program, desc=desc), opened.weights, cpu)


def test_a_program_that_paddle_cannot_open_is_unreadable(opened, cpu):
    operators = [
        replace(one, inputs={}) if one.kind == "yolo_box" else one
        for one in opened.program.operators
    ]
    desc = replace(opened.program.desc, operators=tuple(operators))

    with pytest.raises(
        ArchiveUnreadable, match=r"^Paddle \d\S+ cannot open the program; got \S+"
    ):
        open_program(replace(opened.program, desc=desc), opened.weights, cpu)


def test_what_paddle_says_of_memory_is_not_said_of_the_archive():
    with (
        pytest.raises(MemoryError, match=r"^could not create a memory object$"),
        refusing("run"),
    ):
        raise RuntimeError("\n  could not create a memory object\n")


@pytest.mark.parametrize(
    "kind",
    [ValueError, NotImplementedError, OSError, IndexError, TypeError, SystemError],
)
def test_what_paddle_raises_of_a_program_names_it(kind):
    with (
        pytest.raises(
            ArchiveUnreadable, match=r"^Paddle \d\S+ cannot run the program; got first$"
        ),
        refusing("run"),
    ):
        raise kind("\n first\n second")
