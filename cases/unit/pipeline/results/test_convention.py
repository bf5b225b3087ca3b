"""Who decides how files are scored: the asker, the row, the files, the usual."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import RecordInvalid, UsageError
from harness.evaluate.voc.options import DEVKIT, PUBLISHED, VOC_CONVENTIONS
from harness.evaluate.widerface.ap import Arithmetic, WiderOptions
from harness.formats.convention_file import StatedConvention, write_convention
from harness.pipeline.results.convention import (
    ONE_WAY,
    Asked,
    arithmetic_convention,
    convention_of_files,
    convention_of_record,
    demand_asked,
    voc_convention,
)
from harness.values.truth import CocoTruth, FaceTruth, VocTruth

NONE = np.zeros(0, np.int64)
VOC = VocTruth(
    image_ids=np.arange(1),
    image_names=np.array(["000001"]),
    sizes_wh=np.full((1, 2), 9),
    class_names=np.array(["cat", "dog"]),
    box_image_ids=NONE,
    box_classes=NONE.astype(np.int32),
    boxes_xyxy=np.zeros((0, 4)),
    is_difficult=np.zeros(0, np.bool_),
)
COCO = CocoTruth(
    image_ids=np.arange(1),
    category_ids=np.arange(1),
    box_image_ids=NONE,
    box_category_ids=NONE,
    boxes_xywh=np.zeros((0, 4)),
    areas_px2=np.zeros(0),
    is_crowd=np.zeros(0, np.bool_),
)


def faces(side: float) -> FaceTruth:
    one = np.ones(1, np.bool_)
    return FaceTruth(
        image_ids=np.arange(1),
        image_names=np.array(["0--A/b"]),
        box_image_ids=np.arange(1),
        boxes_xywh=np.full((1, 4), side),
        is_easy=one,
        is_medium=one,
        is_hard=one,
    )


def chosen(folder: Path, *, is_judged: bool = False, **asked: Any) -> Any:
    return convention_of_files(folder, VOC, Asked(**asked), is_judged=is_judged)


def test_files_of_others_are_scored_by_the_devkit_s(tmp_path: Path) -> None:
    used = chosen(tmp_path)

    assert (used.word, used.options) == ("devkit", DEVKIT)
    assert str(used) == (
        "convention: devkit (of files made elsewhere; --convention paddledetection for "
        "the zoo's own)"
    )


def test_a_row_is_judged_by_its_own(tmp_path: Path) -> None:
    write_convention(tmp_path, StatedConvention(word="devkit", classes=("cat",)))
    used = chosen(tmp_path, is_judged=True)

    assert used.options == VOC_CONVENTIONS["paddledetection"]  # of every class
    assert str(used) == "convention: paddledetection (the row's own)"


def test_files_say_what_scores_them(tmp_path: Path) -> None:
    stated = StatedConvention(word="paddledetection", classes=("dog",))
    write_convention(tmp_path, stated)

    for is_judged in (False, True):
        used = chosen(tmp_path, is_judged=is_judged)
        assert (used.word, used.classes) == ("paddledetection", ("dog",))
    assert str(chosen(tmp_path)) == (
        "convention: paddledetection (as convention.json says); mean of dog alone"
    )


def test_what_is_asked_for_comes_first(tmp_path: Path) -> None:
    write_convention(
        tmp_path, StatedConvention(word="paddledetection", classes=("dog",))
    )
    for is_judged in (False, True):
        used = chosen(tmp_path, is_judged=is_judged, convention="devkit")
        assert (used.word, used.because, used.classes) == ("devkit", "asked for", None)

    same = chosen(tmp_path, convention="paddledetection", classes=("cat",))
    assert same.classes == ("cat",)


def test_a_class_that_there_is_none_of_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match="classes to score; expected some of cat, dog, got cow; name"
    ):
        chosen(tmp_path, classes=("cow", "cat"))
    write_convention(tmp_path, StatedConvention(word="mine"))
    with pytest.raises(
        UsageError,
        match=r"convention in .*json; expected devkit or paddledetection, got 'mine'; ",
    ):
        chosen(tmp_path)


def test_faces_are_compared_as_the_official_tool_does_unless_asked(
    tmp_path: Path,
) -> None:
    whole, broken = (
        convention_of_files(tmp_path, faces(side), Asked()) for side in (8, 8.5)
    )
    asked = convention_of_files(tmp_path, faces(8), Asked(arithmetic="real"))

    assert (whole.word, broken.word, asked.word) == ("int32", "real", "real")
    assert whole.options == broken.options == WiderOptions()
    assert asked.options == WiderOptions(arithmetic=Arithmetic.REAL)
    assert str(whole).startswith(
        "arithmetic: int32 (the official tool's; --arithmetic "
    )
    assert str(asked) == "arithmetic: real (asked for)"


def test_coco_is_scored_in_one_way(tmp_path: Path) -> None:
    assert convention_of_files(tmp_path, COCO, Asked()) == ONE_WAY


@pytest.mark.parametrize(
    ("dataset", "asked", "message"),
    [
        (
            "coco",
            {"convention": "devkit"},
            "--convention of coco; expected none: it is ",
        ),
        (
            "widerface",
            {"classes": ("a", "b")},
            "--classes of widerface; .*, got 'a, b'",
        ),
        (
            "voc",
            {"arithmetic": "real"},
            "--arithmetic of voc; .*leave --arithmetic out",
        ),
        (
            "voc",
            {"convention": "mine"},
            "--convention; expected devkit or paddledetection, got 'mine'; give one of",
        ),
        ("widerface", {"arithmetic": "x"}, "--arithmetic; expected int32 or real, got"),
    ],
)
def test_what_does_not_fit_is_a_usage_error(
    dataset: str, asked: Any, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        demand_asked(dataset, Asked(**asked))


@pytest.mark.parametrize(
    "used",
    [
        voc_convention("devkit", "asked for"),
        voc_convention("paddledetection", "asked for", ("a, b", "été")),
        arithmetic_convention("real", "asked for"),
        arithmetic_convention("int32", "asked for"),
    ],
)
def test_a_record_keeps_how_it_was_scored(used: Any) -> None:
    again = convention_of_record("voc", used.protocol)

    assert (again.word, again.options, again.protocol) == (
        used.word,
        used.options,
        used.protocol,
    )


def test_a_measured_row_was_scored_as_rows_are() -> None:
    measured = {"score_threshold": "0.01"}

    assert convention_of_record("voc", measured).options == PUBLISHED
    assert convention_of_record("coco", measured) == ONE_WAY
    assert convention_of_record("widerface", measured) == ONE_WAY


@pytest.mark.parametrize(
    "protocol",
    [
        {"voc_convention": "mine"},
        {"voc_convention": "devkit", "voc_classes": "3"},
        {"voc_convention": "devkit", "voc_classes": "{"},
        {"arithmetic": "mine"},
    ],
)
def test_a_record_of_no_convention_is_refused(protocol: dict[str, str]) -> None:
    with pytest.raises(
        RecordInvalid, match=r"protocol, convention; .*; score the files again"
    ):
        convention_of_record("voc", protocol)


def test_the_convention_that_is_chosen_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="harness.pipeline"):
        chosen(tmp_path, convention="devkit")
        convention_of_files(tmp_path, faces(8), Asked(arithmetic="real"))
        convention_of_files(tmp_path, COCO, Asked())

    assert caplog.messages == [
        "convention: devkit (asked for)",
        "arithmetic: real (asked for)",
    ]


def test_a_record_of_an_unknown_dataset_is_scored_in_one_way() -> None:
    assert convention_of_record("kitti", {}) == ONE_WAY
