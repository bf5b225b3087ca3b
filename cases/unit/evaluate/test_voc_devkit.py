"""The devkit's convention, held to a plain loop of what py-faster-rcnn defines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from harness.errors import DatasetInvalid
from harness.evaluate.voc.ap import classes_left_out, score
from harness.evaluate.voc.options import DEVKIT, PUBLISHED, VOC_CONVENTIONS, VocOptions
from harness.evaluate.voc.weighted import weighted_voc
from harness.values.detections import Results
from harness.values.truth import VocTruth

CLASSES = ("cat", "dog", "horse")
IMAGES = 6

Corners = tuple[float, float, float, float]
Object = tuple[int, str, Corners, bool]  # image, class, box, is difficult
Line = tuple[int, str, float, Corners]  # image, class, score, box from 1


def truth_of(objects: Sequence[Object]) -> VocTruth:
    return VocTruth(
        image_ids=np.arange(IMAGES),
        image_names=np.array([f"{one:06d}" for one in range(IMAGES)]),
        sizes_wh=np.full((IMAGES, 2), 100),
        class_names=np.array(CLASSES),
        box_image_ids=np.array([one[0] for one in objects], np.int64),
        box_classes=np.array([CLASSES.index(one[1]) for one in objects], np.int32),
        boxes_xyxy=np.array([one[2] for one in objects], np.float64).reshape(-1, 4),
        is_difficult=np.array([one[3] for one in objects], np.bool_),
    )


def results_of(lines: Sequence[Line]) -> Results:
    return Results(
        evaluated_ids=np.arange(IMAGES),
        image_ids=np.array([one[0] for one in lines], np.int64),
        classes=np.array([CLASSES.index(one[1]) for one in lines], np.int32),
        scores=np.array([one[2] for one in lines], np.float64),
        boxes=np.array([one[3] for one in lines], np.float64).reshape(-1, 4),
    )


def devkit_ap(objects: Sequence[Object], lines: Sequence[Line], name: str) -> Any:
    """Return the 11-point and the area AP of a class that has objects, or None."""
    wanted: dict[int, list[dict[str, Any]]] = {}
    for image, kind, box, difficult in objects:
        if kind == name:
            wanted.setdefault(image, []).append(
                {"box": box, "difficult": difficult, "taken": False}
            )
    positives = sum(not one["difficult"] for here in wanted.values() for one in here)
    if not positives:
        return None
    right, wrong = 0, 0
    recall, precision = [], []
    ranked = sorted((one for one in lines if one[1] == name), key=lambda one: -one[2])
    for image, _, _, box in ranked:
        overlap, met = -np.inf, None
        for one in wanted.get(image, []):
            if overlap_of(box, one["box"]) > overlap:
                overlap, met = overlap_of(box, one["box"]), one
        if overlap > 0.5 and met is not None:
            if not met["difficult"]:
                right, wrong = right + (not met["taken"]), wrong + met["taken"]
                met["taken"] = True
        else:
            wrong += 1
        recall.append(right / positives)
        precision.append(right / max(right + wrong, np.finfo(np.float64).eps))
    return averaged(recall, precision)


def overlap_of(first: Corners, second: Corners) -> float:
    shared = 1.0
    for near in (0, 1):
        side = min(first[near + 2], second[near + 2]) + 1.0
        shared *= max(side - max(first[near], second[near]), 0.0)
    areas = [(b[2] - b[0] + 1.0) * (b[3] - b[1] + 1.0) for b in (first, second)]
    return shared / (sum(areas) - shared)


def averaged(
    recall: Sequence[float], precision: Sequence[float]
) -> tuple[float, float]:
    """Return the mean at the float thresholds, and the area under the best."""
    eleven = 0.0
    for threshold in np.arange(0.0, 1.1, 0.1):
        reached = [p for r, p in zip(recall, precision, strict=True) if r >= threshold]
        eleven += max(reached, default=0.0) / 11.0
    area, before = 0.0, 0.0
    for place, here in enumerate(recall):
        area += (here - before) * max(precision[place:])
        before = here
    return eleven, area


def devkit_map(objects: Sequence[Object], lines: Sequence[Line]) -> Mapping[str, float]:
    each = [devkit_ap(objects, lines, name) for name in CLASSES]
    eleven, area = zip(*(one for one in each if one is not None), strict=True)
    return {
        "box_ap": 100 * float(np.mean(eleven)),
        "box_ap_area": 100 * float(np.mean(area)),
    }


def random_set(random: np.random.Generator) -> tuple[list[Object], list[Line]]:
    """Return objects, some difficult or at the edge, and lines near them or not."""
    objects: list[Object] = [(0, "cat", (1, 1, 100, 100), False)]
    for _ in range(random.integers(1, 25)):
        x, y = random.integers(1, 90, 2).tolist()
        wide, high = random.integers(0, 12, 2).tolist()
        box = (x, y, min(x + wide, 100), min(y + high, 100))
        kind = CLASSES[random.integers(3)]
        objects.append((int(random.integers(IMAGES)), kind, box, random.random() < 0.2))
    lines: list[Line] = []
    # Scores of their own: the order of equal ones is not defined there.
    for value in random.permutation(int(random.integers(1, 60))) / 64:
        image, kind, box, _ = objects[random.integers(len(objects))]
        moved = np.array(box) + random.integers(-2, 3, 4) / random.integers(1, 3)
        moved[2:] = np.maximum(moved[2:], moved[:2])
        near = random.random() < 0.8
        lines.append(
            (
                image if near else int(random.integers(IMAGES)),
                kind if near else CLASSES[random.integers(3)],
                float(value),
                tuple(moved.tolist()),
            )
        )
    return objects, lines


def test_random_sets_have_the_number_of_a_plain_loop() -> None:
    random = np.random.default_rng(0)
    answers, differing = set(), 0
    for _ in range(300):
        objects, lines = random_set(random)
        truth, results = truth_of(objects), results_of(lines)

        scores = score(results, truth, DEVKIT)

        assert scores == pytest.approx(devkit_map(objects, lines), abs=1e-9)
        once = weighted_voc(results, truth, DEVKIT).score(np.ones(IMAGES, np.int64))
        assert once[:2] == pytest.approx(list(scores.values()), abs=1e-9)
        answers.add(round(scores["box_ap"], 6))
        published = score(results, truth, VOC_CONVENTIONS["paddledetection"])
        differing += scores["box_ap"] != published["box_ap"]

    assert len(answers) > 200  # not all 0 or 100
    assert differing > 100  # the convention is told apart by such sets


def one_class(right: str, count: int) -> tuple[VocTruth, Results]:
    """Return ``count`` cats, and lines in score order: found where ``x`` stands."""
    boxes = [(10.0 * n + 1, 1.0, 10.0 * n + 8, 8.0) for n in range(count)]
    objects: list[Object] = [(0, "cat", box, False) for box in boxes]
    lines: list[Line] = []
    for place, mark in enumerate(right):
        box = boxes[right[:place].count("x")] if mark == "x" else (1, 60, 9, 69)
        lines.append((0, "cat", 1 - place / 64, box))
    return truth_of(objects), results_of(lines)


@pytest.mark.parametrize(
    ("right", "count", "devkit", "tenths"),
    [
        # Recall 0.6 exactly, precision 1 up to it, nothing after: the seventh threshold
        # of np.arange(0, 1.1, 0.1) is 0.6000000000000001 and is not reached.
        ("xxx", 5, 600 / 11, 700 / 11),
        ("xxx..", 5, 600 / 11, 700 / 11),
        # The fourth is 0.30000000000000004, the eighth 0.7000000000000001.
        ("xxx", 10, 300 / 11, 400 / 11),
        ("x" * 7, 10, 700 / 11, 800 / 11),
        # 0.4, 0.5 and 0.8 are the floats nearest to them, and are reached.
        ("xx", 5, 500 / 11, 500 / 11),
        ("x", 2, 600 / 11, 600 / 11),
        ("xxxx", 5, 900 / 11, 900 / 11),
        ("xxxxx", 5, 100, 100),
        # Recall 0.6 at precision 1, then 0.8 at 4 / 6.
        ("xxx..x", 5, 100 * (6 + 3 * 4 / 6) / 11, 100 * (7 + 2 * 4 / 6) / 11),
    ],
)
def test_a_recall_of_just_a_tenth_by_hand(
    right: str, count: int, devkit: float, tenths: float
) -> None:
    truth, results = one_class(right, count)

    assert score(results, truth, DEVKIT)["box_ap"] == pytest.approx(devkit, abs=1e-9)
    other = VocOptions(prediction_origin=1)
    assert score(results, truth, other)["box_ap"] == pytest.approx(tenths, abs=1e-9)


def test_the_seventh_threshold_is_the_float_above_six_tenths() -> None:
    assert DEVKIT.recalls()[6] == 0.6000000000000001
    assert len(DEVKIT.recalls()) == len(PUBLISHED.recalls()) == 11
    assert PUBLISHED.recalls()[6] == 0.6


def test_boxes_of_files_count_from_1_as_the_truth_does() -> None:
    # Ten by ten; moved by 3 it overlaps by 7 * 10 / 130, by 4 no longer enough.
    truth = truth_of([(0, "cat", (11, 11, 20, 20), False)])
    near = results_of([(0, "cat", 0.5, (14, 11, 23, 20))])
    far = results_of([(0, "cat", 0.5, (15, 11, 24, 20))])

    assert score(near, truth, DEVKIT)["box_ap"] == 100
    assert score(far, truth, DEVKIT)["box_ap"] == 0
    assert score(far, truth, VOC_CONVENTIONS["paddledetection"])["box_ap"] == 0
    left = results_of([(0, "cat", 0.5, (8, 8, 17, 17))])
    right = results_of([(0, "cat", 0.5, (13, 13, 22, 22))])
    # Diagonally by 2 it overlaps by 64 / 136; by 1, as from 0, by 81 / 119.
    for moved, devkit, published in ((left, 0, 0), (right, 0, 100)):
        assert score(moved, truth, DEVKIT)["box_ap"] == devkit
        files = VOC_CONVENTIONS["paddledetection"]
        assert score(moved, truth, files)["box_ap"] == published


def test_an_object_of_one_pixel_is_met_by_its_own_box() -> None:
    truth = truth_of([(0, "cat", (5, 5, 5, 5), False)])
    exact = results_of([(0, "cat", 0.5, (5, 5, 5, 5))])

    assert score(exact, truth, DEVKIT)["box_ap"] == 100
    assert score(exact, truth, VocOptions(prediction_origin=1))["box_ap"] == 0


def test_a_class_without_lines_counts_0_by_either_convention() -> None:
    truth = truth_of(
        [(0, "cat", (11, 11, 20, 20), False), (1, "dog", (1, 1, 9, 9), False)]
    )
    cats = results_of([(0, "cat", 0.5, (11, 11, 20, 20))])

    for options in VOC_CONVENTIONS.values():
        assert score(cats, truth, options)["box_ap"] == 50
        assert classes_left_out(cats, truth, options) == ()
    assert score(cats, truth, PUBLISHED)["box_ap"] == 100
    assert classes_left_out(cats, truth, PUBLISHED) == ("dog",)


def test_classes_are_chosen_on_purpose() -> None:
    truth = truth_of(
        [(0, "cat", (11, 11, 20, 20), False), (1, "dog", (1, 1, 9, 9), False)]
    )
    cats = results_of([(0, "cat", 0.5, (11, 11, 20, 20))])

    def chosen(*names: str) -> float:
        options = VocOptions(classes=names, classes_without_predictions="zero")
        weighted = weighted_voc(cats, truth, options).score(np.ones(IMAGES, np.int64))
        ap_pct = score(cats, truth, options)["box_ap"]
        assert weighted[0] == pytest.approx(ap_pct, abs=1e-9)
        return ap_pct

    assert chosen("cat") == 100
    assert chosen("dog") == 0
    assert chosen("dog", "cat") == 50
    with pytest.raises(
        DatasetInvalid, match=r"no truth.*; expected an object that counts of horse"
    ):
        chosen("horse")
