"""Worked cases; the whole is beside a literal oracle in ``test_yolo_losses.py``."""

import math

import numpy as np
import pytest

from harness.errors import TrainingFailed
from harness.train.targets import fine_grained_targets, ordinary_targets

#: A box of the second anchor of stride 16, 62 x 45: places of the mask (3, 4, 5).
WIDE = (62 / 64, 45 / 64)


def build(kind, truths, *, mask=(3, 4, 5), grid=4, num_classes=2, label_smooth=False):
    """Targets of one image of 64 pixels: truths of x, y, w, h, class and score."""
    boxes = np.asarray([[truth[:4] for truth in truths]], np.float32)
    classes = np.asarray([[truth[4] for truth in truths]], np.int32)
    scores = np.asarray([[truth[5] for truth in truths]], np.float32)
    asked = {"mask": mask, "grid": grid, "input_px": 64, "num_classes": num_classes}
    if kind == "ordinary":
        return ordinary_targets(
            boxes, classes, scores, **asked, label_smooth=label_smooth
        )
    return fine_grained_targets(boxes, classes, scores, **asked)


@pytest.fixture(params=["ordinary", "fine_grained"])
def kind(request):
    return request.param


def test_a_truth_is_told_by_the_cell_of_its_centre_and_its_anchor(kind):
    targets = build(kind, [(0.55, 0.30, *WIDE, 1, 0.5)])

    assert targets.cells.tolist() == [[0, 1, 1, 2]]
    assert targets.xywh[0] == pytest.approx([0.2, 0.2, 0, 0], abs=1e-6)
    assert targets.box_weights == pytest.approx([0.5 * (2 - math.prod(WIDE))])
    assert targets.classes.tolist() == [[0, 1]]
    assert targets.class_weights.tolist() == [0.5]
    assert targets.has_gradient.tolist() == [1]
    assert np.argwhere(targets.objectness).tolist() == [[0, 1, 1, 2]]
    assert targets.objectness_weights.sum() == 0.5
    assert targets.background.sum() == 3 * 16 - 1


def test_sizes_are_logarithms_of_shares_of_the_anchor(kind):
    targets = build(kind, [(0.5, 0.5, WIDE[0] * 0.9, WIDE[1] * 1.1, 0, 1)])

    assert targets.xywh[0, 2:] == pytest.approx([math.log(0.9), math.log(1.1)])


def test_a_truth_of_another_levels_anchor_is_background_here(kind):
    targets = build(kind, [(0.5, 0.5, *WIDE, 0, 1)], mask=(0, 1, 2), grid=8)

    assert targets.cells.shape == (0, 4)
    assert targets.background.all()
    assert not targets.objectness.any()


@pytest.mark.parametrize(
    ("width_px", "height_px", "anchor"),
    [
        (10, 13, 0),
        (16, 30, 1),
        (373, 326, 8),
        (0.1, 0.1, 0),  # inside all: the smallest is nearest
        (300, 20, 6),  # 0.16431 of 116 x 90, 0.16424 of 62 x 45
        (300, 19, 4),  # 0.1575 of 62 x 45, 0.1573 of 116 x 90
    ],
)
def test_a_truth_has_the_anchor_that_it_overlaps_most(
    kind, width_px, height_px, anchor
):
    truth = (0.5, 0.5, width_px / 64, height_px / 64, 0, 1)

    told = [
        mask[place]
        for mask in ((6, 7, 8), (3, 4, 5), (0, 1, 2))
        for place in build(kind, [truth], mask=mask).cells[:, 1]
    ]

    assert told == [anchor]


@pytest.mark.parametrize("centre", [(1, 1), (np.nextafter(np.float32(1), 0),) * 2])
def test_a_centre_on_the_far_edge_belongs_to_the_last_cell(kind, centre):
    targets = build(kind, [(*centre, *WIDE, 0, 1)])

    assert targets.cells.tolist() == [[0, 1, 3, 3]]
    assert targets.xywh[0, :2] == pytest.approx([1, 1], abs=1e-6)


def test_a_centre_on_the_near_edge_belongs_to_the_first_cell(kind):
    targets = build(kind, [(0, 0, *WIDE, 0, 1)])

    assert targets.cells.tolist() == [[0, 1, 0, 0]]
    assert targets.xywh[0, :2].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("centre", "got"),
    [
        ((1.001, 0.5), r"1\.001, 0\.5"),
        ((0.5, -0.001), r"0\.5, -0\.001"),
        ((math.nan, 0.5), r"nan, 0\.5"),
    ],
)
def test_a_centre_outside_the_image_is_refused(kind, centre, got):
    with pytest.raises(
        TrainingFailed,
        match=r"^ground truth 1 of image 0 of a batch: centre; expected shares of the "
        rf"image, from 0 to 1, got {got}; ",
    ):
        build(kind, [(0.5, 0.5, *WIDE, 0, 1), (*centre, *WIDE, 0, 1)])


@pytest.mark.parametrize("size", [(0, 0.5), (0.5, 0), (0, 0)])
def test_padding_is_no_truth(kind, size):
    targets = build(kind, [(0.5, 0.5, *size, 0, 1)])

    assert targets.cells.shape == (0, 4)
    assert targets.background.all()


@pytest.mark.parametrize(("side", "count"), [(0.9e-6, 0), (1.1e-6, 1)])
def test_the_ordinary_loss_leaves_out_a_truth_of_no_size(side, count):
    truth = (0.5, 0.5, side, side, 0, 1)

    assert len(build("ordinary", [truth], mask=(0, 1, 2), grid=8).cells) == count


def test_the_fine_grained_loss_counts_a_truth_of_any_size():
    truth = (0.5, 0.5, 0.9e-6, 0.9e-6, 0, 1)

    assert len(build("fine_grained", [truth], mask=(0, 1, 2), grid=8).cells) == 1


def test_of_two_truths_in_a_cell_the_ordinary_loss_counts_both():
    first, second = (0.55, 0.30, *WIDE, 0, 0.5), (0.60, 0.35, *WIDE, 1, 0.25)

    targets = build("ordinary", [first, second])

    assert targets.cells.tolist() == [[0, 1, 1, 2]] * 2
    assert targets.class_weights.tolist() == [0.5, 0.25]
    assert targets.has_gradient.tolist() == [0, 1]
    assert targets.objectness_weights.sum() == 0.25  # of the later


def test_of_two_truths_in_a_cell_the_fine_grained_loss_keeps_the_later():
    first, second = (0.55, 0.30, *WIDE, 0, 0.5), (0.60, 0.35, *WIDE, 1, 0.25)

    targets = build("fine_grained", [first, second])

    assert targets.cells.tolist() == [[0, 1, 1, 2]]
    assert targets.xywh[0] == pytest.approx([0.4, 0.4, 0, 0], abs=1e-6)
    assert targets.class_weights.tolist() == [0.25]
    assert targets.classes.tolist() == [[1, 1]]  # with the classes of both


@pytest.mark.parametrize(
    ("score", "objectness", "weight"), [(0.9e-5, 0, 1), (1.1e-5, 1, 1.1e-5)]
)
def test_a_score_of_nearly_0_makes_its_cell_background_for_sure(
    score, objectness, weight
):
    targets = build("ordinary", [(0.55, 0.30, *WIDE, 0, score)])

    assert targets.objectness[0, 1, 1, 2] == objectness
    assert targets.objectness_weights[0, 1, 1, 2] == pytest.approx(weight)
    assert targets.background[0, 1, 1, 2] == 0


def test_a_score_of_0_is_no_truth_of_the_fine_grained_loss():
    targets = build("fine_grained", [(0.55, 0.30, *WIDE, 0, 0)])

    assert targets.cells.shape == (0, 4)
    assert targets.background.all()


@pytest.mark.parametrize(
    ("num_classes", "smoothing"), [(2, 1 / 40), (40, 1 / 40), (80, 1 / 80)]
)
def test_smoothing_is_a_share_of_the_classes_and_at_most_a_fortieth(
    num_classes, smoothing
):
    truth = (0.55, 0.30, *WIDE, 1, 1)

    targets = build("ordinary", [truth], num_classes=num_classes, label_smooth=True)

    assert targets.classes[0, 1] == pytest.approx(1 - smoothing)
    assert targets.classes[0, 0] == pytest.approx(smoothing)


def test_each_loss_finds_the_cell_of_a_border_in_its_own_arithmetic():
    """0.7 is less in float32; times 10 it is 7 there, and 6.9999999 in float64."""
    truth = (0.7, 0.3, *WIDE, 0, 1)

    def column(kind):
        return build(kind, [truth], grid=10).cells[0, 3]

    assert (column("ordinary"), column("fine_grained")) == (7, 6)
