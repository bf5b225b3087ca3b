from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import DetectionsInvalid
from harness.formats.voc_comp4 import read, silent_classes, to_results, write
from harness.values.detections import Detections, Results
from harness.values.truth import VocTruth

NAMES = ("000012", "2008_000003", "a-été")
CLASSES = ("cat", "dining_table", "dog")


def voc_truth() -> VocTruth:
    """Three images, numbered 5, 3, 8, and no objects."""
    return VocTruth(
        image_ids=np.array([5, 3, 8], np.int64),
        image_names=np.array(NAMES),
        sizes_wh=np.full((3, 2), 100, np.int64),
        class_names=np.array(CLASSES),
        box_image_ids=np.zeros(0, np.int64),
        box_classes=np.zeros(0, np.int32),
        boxes_xyxy=np.zeros((0, 4)),
        is_difficult=np.zeros(0, np.bool_),
    )


def found_of(rows: Sequence[Sequence[float]], kind: type[Any] = Detections) -> Any:
    """Return rows ``image_id class score x1 y1 x2 y2`` as detections or results."""
    table = np.array(rows, np.float64).reshape(-1, 7)
    is_ours = kind is Detections
    real = np.float32 if is_ours else np.float64
    return kind(
        evaluated_ids=np.array([5, 3, 8], np.int64),
        image_ids=table[:, 0].astype(np.int64),
        classes=table[:, 1].astype(np.int32),
        scores=table[:, 2].astype(real),
        **{"boxes_xyxy" if is_ours else "boxes": table[:, 3:].astype(real)},
    )


# --- to_results --------------------------------------------------------------------


def test_results_count_pixels_from_1_and_go_by_class() -> None:
    found = found_of(
        [(3, 2, 0.5, 0, 1, 2, 3), (5, 0, 0.25, 0.5, 0, 9, 9), (3, 0, 0.75, 4, 5, 6, 7)]
    )

    results = to_results(found, voc_truth())

    assert results.classes.tolist() == [0, 0, 2]
    assert results.image_ids.tolist() == [5, 3, 3]  # as they came, within a class
    assert results.scores.tolist() == [0.25, 0.75, 0.5]
    assert results.boxes.tolist() == [[1.5, 1, 10, 10], [5, 6, 7, 8], [1, 2, 3, 4]]
    assert results.evaluated_ids.tolist() == [5, 3, 8]


def test_results_are_not_rounded_to_single_precision() -> None:
    found = found_of([(3, 0, 0.1, 2**-20, 0, 1, 1)])

    results = to_results(found, voc_truth())

    assert results.scores[0] == np.float32(0.1)
    assert results.boxes[0, 0] == 1 + 2**-20
    assert results.boxes.dtype == results.scores.dtype == np.float64


@pytest.mark.parametrize("number", [3, -1])
def test_a_class_that_the_truth_does_not_name_has_no_results(number: int) -> None:
    with pytest.raises(
        DetectionsInvalid, match=f"classes; expected 0 to 2, got {number} to {number}"
    ):
        to_results(found_of([(3, number, 0.5, 0, 0, 1, 1)]), voc_truth())


# --- write and read ----------------------------------------------------------------


def test_a_line_is_image_score_and_corners(tmp_path: Path) -> None:
    write(found_of([(3, 1, 0.5, 1, 2.25, 30, 40)], Results), voc_truth(), tmp_path)

    assert (tmp_path / "comp4_det_test_dining_table.txt").read_bytes() == (
        b"2008_000003 0.5 1.0 2.25 30.0 40.0\n"
    )


def test_a_class_without_detections_has_an_empty_file(tmp_path: Path) -> None:
    write(found_of([], Results), voc_truth(), tmp_path / "new")

    assert {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()} == {
        f"comp4_det_test_{name}.txt": b"" for name in CLASSES
    }
    assert len(read(tmp_path / "new", voc_truth()).scores) == 0


ROWS = st.lists(
    st.tuples(
        st.sampled_from([5, 3, 8]),
        st.integers(0, 2),
        st.floats(0, 1, width=32),
        *[st.floats(-100, 400, width=32)] * 2,
        *[st.floats(400, 900, width=32)] * 2,
    ),
    max_size=12,
)


@given(rows=ROWS)
def test_what_was_written_is_read_back_unchanged(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, ...]]
) -> None:
    results = to_results(found_of(rows), voc_truth())
    folder = tmp_path_factory.mktemp("comp4")
    write(results, voc_truth(), folder)

    assert read(folder, voc_truth()).sha256() == results.sha256()


def test_results_in_another_order_come_back_by_class(tmp_path: Path) -> None:
    rows = [(8, 2, 0.5, 1, 2, 3, 4), (5, 0, 0.5, 1, 2, 3, 4), (3, 2, 0.75, 1, 2, 3, 4)]
    write(found_of(rows, Results), voc_truth(), tmp_path)

    found = read(tmp_path, voc_truth())

    assert found.image_ids.tolist() == [5, 8, 3]


def test_an_unknown_image_or_class_is_not_written(tmp_path: Path) -> None:
    stranger = found_of([(3, 0, 0.5, 1, 1, 2, 2)], Results)
    few = voc_truth()

    with pytest.raises(DetectionsInvalid, match="classes; expected 0 to 2, got 3"):
        write(found_of([(3, 3, 0.5, 1, 1, 2, 2)], Results), few, tmp_path)
    object.__setattr__(few, "image_ids", np.array([5, 4, 8], np.int64))
    with pytest.raises(
        DetectionsInvalid, match="detections of image 3, which the truth does not list"
    ):
        write(stranger, few, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_finite_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(DetectionsInvalid, match="scores, detection 0 of image 3"):
        write(found_of([(3, 0, np.nan, 1, 1, 2, 2)], Results), voc_truth(), tmp_path)


# --- read: what other tools write --------------------------------------------------

Put = Callable[..., Path]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Write one result file, and return its folder."""

    def write_file(content: str | bytes, name: str = "comp4_det_test_cat.txt") -> Path:
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / name).write_bytes(data)
        return tmp_path

    return write_file


def test_lines_keep_their_order_and_classes_ascend(put: Put) -> None:
    put("000012 .5 1 1 9 9\n", "comp4_det_test_dog.txt")
    folder = put("a-été 0.2 1 2 3 4\n000012 9e-1 1.5 2 3 4\n")

    found = read(folder, voc_truth())

    assert found.classes.tolist() == [0, 0, 2]
    assert found.classes.dtype == np.int32
    assert found.image_ids.tolist() == [8, 5, 5]
    assert found.scores.tolist() == [0.2, 0.9, 0.5]
    assert found.boxes.tolist() == [[1, 2, 3, 4], [1.5, 2, 3, 4], [1, 1, 9, 9]]
    assert found.evaluated_ids.tolist() == [5, 3, 8]


@pytest.mark.parametrize(
    "content",
    [
        "000012\t.5   1 1\t9 9\r\n\r\n",
        "  000012 0.5 1 1 9 9",
        "\n000012 5e-1 1.0 1.00 9 +9\n\n",
    ],
)
def test_white_space_line_ends_and_notations_make_no_difference(
    put: Put, content: str
) -> None:
    found = read(put(content), voc_truth())

    assert found.scores.tolist() == [0.5]
    assert found.boxes.tolist() == [[1, 1, 9, 9]]


@pytest.mark.parametrize(
    "name",
    ["comp3_det_test_cat.txt", "comp4_det_val_cat.txt", "comp4_det_2012_cat.txt"],
)
def test_another_competition_or_split_is_as_good(put: Put, name: str) -> None:
    assert len(read(put("000012 .5 1 1 9 9\n", name), voc_truth()).scores) == 1


def test_a_side_of_no_pixel_is_read(put: Put) -> None:
    # The published clipping leaves such boxes at the far edge.  # zoo-spec 1.3
    assert len(read(put("000012 .5 10 10 9 9.5\n"), voc_truth()).scores) == 1


GOOD = "000012 .5 1 1 9 9\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("000012 .5 1 1 9", "line; expected image score x1 y1 x2 y2, got '000012 .5"),
        ("000012 .5 1 1 9 9 9", "line; expected image score x1 y1 x2 y2, got '00001"),
        ("# a comment", "line; expected image score x1 y1 x2 y2, got '# a comment'"),
        ("12 .5 1 1 9 9", "image; expected one of the 3 of the truth, got '12'"),
        (
            "2008_0000031 .5 1 1 9 9",
            "image; expected one of the 3 of the truth, got '2008_0000031'",
        ),
        ("000012 nan 1 1 9 9", "score; expected a finite number, got 'nan'"),
        ("000012 .5 1 1 inf 9", "x2; expected a finite number, got 'inf'"),
        ("000012 .5 1 -Infinity 9 9", "y1; expected a finite number, got '-Infinity'"),
        ("000012 .5 1 1 9 1e999", "y2; expected a finite number, got '1e999'"),
        ("000012 high 1 1 9 9", "score; expected a finite number, got 'high'"),
        ("000012 .5 1_0 1 90 9", "x1; expected a finite number, got '1_0'"),
        ("000012 .5 1,5 1 9 9", "x1; expected a finite number, got '1,5'"),
        (
            "000012 .5 10 1 8.5 9",
            "box, x1 beyond x2; expected x2 - x1 + 1 of 0 or more, got x1 10, x2 8.5",
        ),
        (
            "000012 .5 1 30 9 20",
            "box, y1 beyond y2; expected y2 - y1 + 1 of 0 or more, got y1 30, y2 20",
        ),
    ],
)
def test_a_malformed_line_is_named_with_file_and_number(
    put: Put, line: str, message: str
) -> None:
    folder = put(f"{GOOD}\n{line}\n{GOOD}")
    where = f"{folder / 'comp4_det_test_cat.txt'}: line 3: "

    with pytest.raises(DetectionsInvalid, match=re.escape(where + message)):
        read(folder, voc_truth())


def test_bytes_that_are_no_text_are_refused(put: Put) -> None:
    with pytest.raises(
        DetectionsInvalid,
        match=r"comp4_det_test_cat\.txt: not UTF-8 text; got 'utf-8'.*; write",
    ):
        read(put(b"\xff\xfe"), voc_truth())


@pytest.mark.parametrize("name", ["comp3_det_test_cat.txt", "comp4_det_val_cat.txt"])
def test_a_second_file_of_a_class_is_refused(put: Put, name: str) -> None:
    put(GOOD, name)
    first, second = sorted([name, "comp4_det_test_cat.txt"])

    with pytest.raises(
        DetectionsInvalid,
        match=re.escape(f"{second}: a second file of this class; got also {first}"),
    ):
        read(put(GOOD), voc_truth())


@pytest.mark.parametrize(
    "name",
    ["comp4_det_test_cow.txt", "comp1_cls_test_cat.txt", "cat.txt", "comp4_cat.txt"],
)
def test_a_file_of_no_class_is_refused(put: Put, name: str) -> None:
    put(GOOD)

    with pytest.raises(
        DetectionsInvalid,
        match=re.escape(
            f"{name}: file name; expected comp4_det_test_<class>.txt, of one of the "
            f"3 classes, got {name}"
        ),
    ):
        read(put(GOOD, name), voc_truth())


def test_a_folder_without_result_files_is_refused(put: Put) -> None:
    folder = put("", "notes.md")

    with pytest.raises(
        DetectionsInvalid,
        match=r"results; expected comp4_det_test_<class>\.txt, got none in ",
    ):
        read(folder, voc_truth())


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DetectionsInvalid,
        match=r"none: cannot be read; got No such file.*; give the folder that",
    ):
        read(tmp_path / "none", voc_truth())


def test_a_byte_order_mark_is_no_part_of_a_name(put: Put) -> None:
    found = read(put(b"\xef\xbb\xbf000012 .5 1 1 9 9\n"), voc_truth())

    assert found.image_ids.tolist() == [5]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("000012.jpg .5 1 1 9 9", "got '000012.jpg'; write it as .* does: 000012"),
        ("JPEGImages/000012.jpg .5 1 1 9 9", "; write it as .* list does: 000012"),
        ("000013 .5 1 1 9 9", "got '000013'; score against the annotations that"),
        (
            f"000012 {'9' * 5000} 1 1 9 9",
            r"score; .* '9+\.\.\. and \d+ more .*; mend",
        ),
        ("x" * 5000, r"line; .* 'x+\.\.\. and \d+ more characters; mend the line"),
    ],
)
def test_a_refused_line_says_what_to_do(put: Put, line: str, message: str) -> None:
    with pytest.raises(DetectionsInvalid, match=message) as caught:
        read(put(line + "\n"), voc_truth())
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("target", ["nowhere", "comp4_det_test_cat.txt"])
def test_a_link_that_leads_nowhere_is_named(tmp_path: Path, target: str) -> None:
    (tmp_path / "comp4_det_test_cat.txt").symlink_to(target)

    with pytest.raises(
        DetectionsInvalid, match=r"test_cat\.txt: cannot be read; got .*; write lines"
    ):
        read(tmp_path, voc_truth())


def test_names_that_start_with_a_dot_are_passed_over(put: Put) -> None:
    put(b"\0\5", "._comp4_det_test_cat.txt")

    assert len(read(put(GOOD), voc_truth()).scores) == 1


def test_classes_that_files_say_nothing_of_are_told(put: Put) -> None:
    put("", "comp4_det_test_dog.txt")
    folder = put(GOOD)

    found = read(folder, voc_truth())

    assert silent_classes(folder, found, voc_truth()) == (("dining_table",), ("dog",))
