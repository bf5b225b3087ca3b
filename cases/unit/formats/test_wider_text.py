from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import DetectionsInvalid
from harness.formats.wider_text import read, round_as_text, to_results, write
from harness.values.detections import Detections, Results
from harness.values.truth import FaceTruth

NAMES = ("0--Parade/0_Parade_1", "0--Parade/0_Parade_2", "61--Street/61_Street_7")
FIRST, SECOND, THIRD = (f"{name}.txt" for name in NAMES)


@pytest.fixture
def truth() -> FaceTruth:
    return FaceTruth(
        image_ids=np.array([4, 5, 9]),
        image_names=np.array(NAMES),
        box_image_ids=np.array([4]),
        boxes_xywh=np.array([[1.0, 2.0, 3.0, 4.0]]),
        is_easy=np.ones(1, np.bool_),
        is_medium=np.ones(1, np.bool_),
        is_hard=np.ones(1, np.bool_),
    )


@pytest.fixture
def results() -> Results:
    return Results(
        evaluated_ids=np.array([4, 5, 9]),
        image_ids=np.array([4, 4, 9]),
        classes=np.zeros(3, np.int32),
        scores=np.array([0.75, 0.123, 1.0]),
        boxes=np.array([[1.5, 2, 3.1, 4], [-2.5, 0, 10, 11.9], [7, 8, 0, 1024]]),
    )


@pytest.fixture
def folder(tmp_path: Path, results: Results, truth: FaceTruth) -> Path:
    """A good folder, for tests to spoil."""
    write(results, truth, tmp_path / "found")
    return tmp_path / "found"


def same(one: Results, other: Results) -> bool:
    return one.sha256() == other.sha256()


# --- our detections as text --------------------------------------------------------


def test_sides_are_inclusive_and_numbers_are_rounded_as_text() -> None:
    detections = Detections(
        evaluated_ids=np.array([4, 5]),
        image_ids=np.array([5]),
        classes=np.array([1], np.int32),
        scores=np.array([0.12349], np.float32),
        boxes_xyxy=np.array([[1.04, 2.06, 11, 22]], np.float32),
    )

    found = to_results(detections)

    assert found.boxes.tolist() == [[1.0, 2.1, 11.0, 20.9]]
    assert found.scores.tolist() == [0.123]
    assert found.evaluated_ids.tolist() == [4, 5]
    assert found.classes.tolist() == [0]


@given(
    values=st.lists(
        st.one_of(
            st.floats(-1e18, 1e18),
            st.floats(-5000, 5000, width=32),
            st.integers(-40000, 40000).map(lambda n: n / 20),  # halves of a tenth
            st.integers(-4000, 4000).map(lambda n: n / 2000),
        )
    ),
    decimals=st.sampled_from([1, 3]),
)
def test_rounding_is_that_of_the_text(values: list[float], decimals: int) -> None:
    expected = [float(f"{one:.{decimals}f}") for one in values]

    assert round_as_text(np.array(values), decimals).tolist() == expected


# --- there and back ----------------------------------------------------------------


def test_a_file_says_name_count_and_rounded_lines(folder: Path) -> None:
    assert (folder / FIRST).read_text() == (
        "0--Parade/0_Parade_1.jpg\n2\n1.5 2.0 3.1 4.0 0.750\n-2.5 0.0 10.0 11.9 0.123\n"
    )
    assert (folder / SECOND).read_text() == "0--Parade/0_Parade_2.jpg\n0\n"


def test_what_was_written_is_read(
    folder: Path, results: Results, truth: FaceTruth
) -> None:
    assert same(read(folder, truth), results)


def test_our_detections_come_back_as_they_are_scored(
    tmp_path: Path, truth: FaceTruth
) -> None:
    random = np.random.default_rng(0)
    near = random.uniform(-20, 900, (200, 2))
    stated = to_results(
        Detections(
            evaluated_ids=truth.image_ids,
            image_ids=np.sort(random.choice(truth.image_ids, 200)),
            classes=np.ones(200, np.int32),
            scores=random.uniform(0.01, 1, 200).astype(np.float32),
            boxes_xyxy=np.concatenate(
                [near, near + random.uniform(0, 99, (200, 2))], axis=1
            ).astype(np.float32),
        )
    )

    write(stated, truth, tmp_path)

    assert same(read(tmp_path, truth), stated)


def test_an_image_that_was_not_evaluated_gets_no_file(
    tmp_path: Path, results: Results, truth: FaceTruth
) -> None:
    write(replace(results, evaluated_ids=np.array([4, 9])), truth, tmp_path)

    assert not (tmp_path / SECOND).exists()
    assert (tmp_path / THIRD).exists()


def test_an_image_that_the_truth_does_not_list_is_not_written(
    tmp_path: Path, results: Results, truth: FaceTruth
) -> None:
    with pytest.raises(
        DetectionsInvalid, match="image 7 was evaluated, and the truth does not list it"
    ):
        write(replace(results, evaluated_ids=np.array([4, 9, 7])), truth, tmp_path)

    assert not list(tmp_path.iterdir())


# --- what other tools write --------------------------------------------------------


@pytest.mark.parametrize(
    "first_line",
    [
        "0_Parade_1",
        "0_Parade_1.jpg",
        "0--Parade/0_Parade_1",
        "/data/WIDER_val/images/0--Parade/0_Parade_1.jpg",
        "0--Parade\\0_Parade_1.jpg ",
        "0_Parade_1.png",
    ],
)
def test_the_first_line_may_name_the_image_in_any_way(
    folder: Path, truth: FaceTruth, first_line: str
) -> None:
    (folder / FIRST).write_text(f"{first_line}\n1\n1 2 3 4 0.5\n")

    assert read(folder, truth).scores.tolist() == [0.5, 1.0]


@pytest.mark.parametrize(
    "text",
    [
        "a\n2\n1.5 2.0 3.1 4.0 0.750\n-2.5 0.0 10.0 11.9 0.123",  # no last line end
        "a\n2\n1.5 2.0 3.1 4.0 0.750\n-2.5 0.0 10.0 11.9 0.123\n\n\n",
        "a\r\n2\r\n1.5 2.0 3.1 4.0 0.750\r\n-2.5 0.0 10.0 11.9 0.123\r\n",
        "a\n2 \n1.50 2 3.1 4 .75\n-2.5 0 10 11.9 1.23e-1\n",
        "a\n2\n  1.5\t2.0   3.1 4.0 0.750 \n-2.5 0.0 10.0 11.9 0.123\n",
        "a\n2\n+1.5 2.0 3.1000 4.0 0.750\n-2.5 0.0 10.0 11.9 0.123\n",
    ],
)
def test_other_spacing_and_precision_say_the_same(
    folder: Path, truth: FaceTruth, results: Results, text: str
) -> None:
    (folder / FIRST).write_bytes(text.replace("a", "0_Parade_1", 1).encode())

    assert same(read(folder, truth), results)


@pytest.mark.parametrize("row", ["0 0 0 0 0", "0.0 0.0 1.0 1.0 0.000"])
def test_upstream_s_row_of_zeros_is_no_detection(
    folder: Path, truth: FaceTruth, results: Results, row: str
) -> None:
    (folder / SECOND).write_text(f"0_Parade_2\n1\n{row}\n")

    assert same(read(folder, truth), results)


def test_a_box_with_the_score_0_is_a_detection(folder: Path, truth: FaceTruth) -> None:
    (folder / SECOND).write_text("0_Parade_2\n1\n0 0 5 5 0\n")

    assert read(folder, truth).image_ids.tolist() == [4, 4, 5, 9]


def test_files_that_are_no_text_are_passed_over(
    folder: Path, truth: FaceTruth, results: Results
) -> None:
    (folder / "readme.md").write_text("made by a tool")
    (folder / "0--Parade" / "plot.png").write_bytes(b"")

    assert same(read(folder, truth), results)


def test_a_folder_without_any_detection_is_read(
    tmp_path: Path, truth: FaceTruth
) -> None:
    for name in NAMES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.txt").write_text(f"{name}\n0")

    found = read(tmp_path, truth)

    assert (found.boxes.shape, found.evaluated_ids.tolist()) == ((0, 4), [4, 5, 9])


# --- what is refused ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1 2 3 4", r"line 4; expected x y w h score, got '1 2 3 4'"),
        ("1 2 3 4 0.5 6", r"line 4; expected x y w h score, got"),
        ("1 2 3 4 five", r"line 4; expected x y w h score, got '1 2 3 4 five'"),
        ("1 2 3 4_0 0.5", r"line 4; expected x y w h score, got"),
        ("", r"line 4; expected x y w h score, got nothing; write it as"),
        (
            "1 2 3 4 nan",
            r"line 4; expected finite numbers, got \[1.0, 2.0, 3.0, 4.0, n",
        ),
        ("1 2 3 1e999 0.5", r"line 4; expected finite numbers, got"),
        ("1 2 -3 4 0.5", r"line 4; expected a width and a height of 0 or more, got"),
        ("1 2 3 -0.1 0.5", r"line 4; expected a width and a height of 0 or more, got"),
    ],
)
def test_a_malformed_line_is_named_with_its_file(
    folder: Path, truth: FaceTruth, row: str, message: str
) -> None:
    (folder / THIRD).write_text(f"61_Street_7\n3\n1 2 3 4 0.5\n{row}\n1 2 3 4 0.5\n")

    with pytest.raises(
        DetectionsInvalid, match=rf"found: 61--Street/61_Street_7\.txt: {message}"
    ):
        read(folder, truth)


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("0_Parade_2\n2\n1 2 3 4 0.5\n", "expected 1, got '2'"),
        ("0_Parade_2\n0\n1 2 3 4 0.5\n", "expected 1, got '0'"),
        ("0_Parade_2\n1\n", "expected 0, got '1'"),
        ("0_Parade_2\n1.0\n1 2 3 4 0.5\n", "expected 1, got '1.0'"),
        ("0_Parade_2\n1 2 3 4 0.5\n", "expected 0, got '1 2 3 4 0.5'"),
        ("0_Parade_2", "expected 0, got nothing; write it as"),
    ],
)
def test_a_count_that_is_not_that_of_the_lines_is_refused(
    folder: Path, truth: FaceTruth, text: str, got: str
) -> None:
    (folder / SECOND).write_text(text)

    with pytest.raises(
        DetectionsInvalid,
        match=rf"0_Parade_2\.txt: line 2 is not the number of lines that follow; {got}",
    ):
        read(folder, truth)


@pytest.mark.parametrize(
    ("first", "got"), [("0_Parade_1.jpg", "0_Parade_1.jpg"), ("", "nothing")]
)
def test_a_second_file_about_one_image_is_refused(
    folder: Path, truth: FaceTruth, first: str, got: str
) -> None:
    (folder / SECOND).write_text(f"{first}\n0\n")

    with pytest.raises(
        DetectionsInvalid,
        match=r"0_Parade_2\.txt: line 1 names another image; "
        rf"expected 0_Parade_2\.jpg, got {got}; write it as",
    ):
        read(folder, truth)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("0--Parade/0_Parade_3.txt", "no such image in the event 0--Parade"),
        ("0--Parade/61_Street_7.txt", "no such image in the event 0--Parade"),
        (
            "99--Moon/1.txt",
            "no such event; expected a folder per event, got '99--Moon'",
        ),
        ("0_Parade_1.txt", "no such event; expected a folder per event, got a file be"),
        ("a/0--Parade/0_Parade_1.txt", "no such event; .* got 'a/0--Parade'"),
    ],
)
def test_a_file_of_an_unknown_image_or_event_is_named(
    folder: Path, truth: FaceTruth, name: str, message: str
) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("x\n0\n")

    with pytest.raises(DetectionsInvalid, match=rf"found: {name}: {message}"):
        read(folder, truth)


def test_images_without_a_file_are_counted_and_named(
    folder: Path, truth: FaceTruth
) -> None:
    (folder / SECOND).unlink()

    with pytest.raises(
        DetectionsInvalid,
        match=r"found: 1 of 3 images have no file; got no 0--Parade/0_Parade_2\.txt; "
        "an image without a detection has a file with the count 0",
    ):
        read(folder, truth)


def test_an_empty_folder_names_the_first_missing_files(
    tmp_path: Path, truth: FaceTruth
) -> None:
    more = replace(
        truth, image_ids=np.arange(4), image_names=np.array([*NAMES, "61--Street/x"])
    )

    with pytest.raises(
        DetectionsInvalid, match=r"4 of 4 .*61_Street_7\.txt, \.\.\.; an"
    ):
        read(tmp_path, more)


def test_a_folder_that_is_not_there_is_refused(
    tmp_path: Path, truth: FaceTruth
) -> None:
    with pytest.raises(DetectionsInvalid, match="nothing: no such folder"):
        read(tmp_path / "nothing", truth)


def test_an_empty_file_is_told_what_belongs_into_it(
    folder: Path, truth: FaceTruth
) -> None:
    (folder / SECOND).write_text("")

    with pytest.raises(
        DetectionsInvalid,
        match=r"0_Parade_2\.txt: an empty file; expected the image's name, then .*; "
        "where nothing was found, write the name and 0",
    ):
        read(folder, truth)


@pytest.mark.parametrize("digits", [18, 19, 5000])
def test_a_count_of_many_digits_is_a_wrong_count(
    folder: Path, truth: FaceTruth, digits: int
) -> None:
    (folder / SECOND).write_text(f"0_Parade_2.jpg\n{'9' * digits}\n")

    with pytest.raises(
        DetectionsInvalid, match=r"number of lines.*; expected 0, got '9"
    ):
        read(folder, truth)


def test_a_long_line_is_told_by_its_start(folder: Path, truth: FaceTruth) -> None:
    (folder / SECOND).write_text(f"0_Parade_2.jpg\n1\n{'y' * 5000}\n")

    with pytest.raises(DetectionsInvalid, match=r"y\.\.\. and 4922 more ch") as caught:
        read(folder, truth)
    assert len(str(caught.value)) < 400 + len(str(folder))


def test_a_file_in_place_of_the_folder_is_told(folder: Path, truth: FaceTruth) -> None:
    with pytest.raises(
        DetectionsInvalid, match="no such folder; got a file; give the folder that"
    ):
        read(folder / SECOND, truth)


@pytest.mark.parametrize("target", ["nowhere", "0_Parade_2.txt"])  # itself: a loop
def test_a_link_that_leads_nowhere_is_named(
    folder: Path, truth: FaceTruth, target: str
) -> None:
    (folder / SECOND).unlink()
    (folder / SECOND).symlink_to(target)

    with pytest.raises(
        DetectionsInvalid, match=r"0_Parade_2\.txt: cannot be read; got .*; write it as"
    ):
        read(folder, truth)


def test_a_link_to_a_folder_above_is_refused(folder: Path, truth: FaceTruth) -> None:
    (folder / "0--Parade" / "back").symlink_to(folder)

    with pytest.raises(
        DetectionsInvalid, match="0--Parade/back is a link to a folder that it is in; "
    ):
        read(folder, truth)


def test_a_link_to_another_folder_is_followed(
    folder: Path, results: Results, truth: FaceTruth
) -> None:
    (folder / "61--Street").rename(folder.parent / "elsewhere")
    (folder / "61--Street").symlink_to(folder.parent / "elsewhere")

    assert same(read(folder, truth), results)


def test_names_that_start_with_a_dot_are_passed_over(
    folder: Path, results: Results, truth: FaceTruth
) -> None:
    (folder / "0--Parade" / "._0_Parade_1.txt").write_bytes(b"\0\5")
    (folder / ".trash").mkdir()
    (folder / ".trash" / "1.txt").touch()

    assert same(read(folder, truth), results)


# --- digits ------------------------------------------------------------------------


def test_what_rounding_would_change_keeps_its_digits(
    tmp_path: Path, truth: FaceTruth
) -> None:
    random = np.random.default_rng(1)
    scores = np.append(random.random(48), [0.5, 1e-7])
    theirs = Results(
        evaluated_ids=truth.image_ids,
        image_ids=np.sort(random.choice(truth.image_ids, 50)),
        classes=np.zeros(50, np.int32),
        scores=scores,
        boxes=random.uniform(0, 900, (50, 4)),
    )
    write(theirs, truth, tmp_path / "whole")
    write(theirs, truth, tmp_path / "published", published_format=True)
    rounded = replace(
        theirs,
        scores=round_as_text(theirs.scores, 3),
        boxes=round_as_text(theirs.boxes, 1),
    )

    assert same(read(tmp_path / "whole", truth), theirs)
    assert same(read(tmp_path / "published", truth), rounded)
    write(rounded, truth, tmp_path / "again")
    for name in (FIRST, SECOND, THIRD):  # nothing to keep: the published form
        published = (tmp_path / "published" / name).read_bytes()
        assert (tmp_path / "again" / name).read_bytes() == published


# --- a part of the images ----------------------------------------------------------


def test_files_of_further_images_are_passed_over(
    folder: Path, results: Results, truth: FaceTruth
) -> None:
    part = replace(truth, image_ids=np.array([4]), image_names=np.array(NAMES[:1]))

    found = read(folder, part, passed_over=NAMES)

    assert found.evaluated_ids.tolist() == [4]
    assert found.scores.tolist() == results.scores[:2].tolist()
    with pytest.raises(DetectionsInvalid, match="no such image in the event 0--Parade"):
        read(folder, part)
