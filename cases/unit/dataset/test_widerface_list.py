from pathlib import Path

import pytest

from harness.dataset.widerface_list import parse_face_list, read_face_list
from harness.errors import DatasetInvalid

ONE = ["0--Parade/a.jpg", "2", "449 330 122 149 0 0 0 0 0 0 ", "1 2 3 4 2 0 0 1 2 0"]


def listed(lines: list[str]) -> dict[str, list[list[float]]]:
    return {one.name: one.boxes_xywh.tolist() for one in parse_face_list(lines)}


def test_faces_are_listed_image_by_image() -> None:
    found = listed([*ONE, "1--Hands/b.jpg", "1", "5 6 7 8"])

    assert found == {
        "0--Parade/a": [[449, 330, 122, 149], [1, 2, 3, 4]],
        "1--Hands/b": [[5, 6, 7, 8]],
    }


@pytest.mark.parametrize("dummy", [["0 0 0 0 0 0 0 0 0 0 "], ["0 0 0 0"], []])
def test_an_image_without_faces_may_have_a_line_of_zeros(dummy: list[str]) -> None:
    found = listed(["0--Parade/none.jpg", "0", *dummy, *ONE])

    assert {name: len(boxes) for name, boxes in found.items()} == {
        "0--Parade/none": 0,
        "0--Parade/a": 2,
    }


@pytest.mark.parametrize("dummy", [["0 0 0 0 0 0 0 0 0 0"], [], [""]])
def test_the_last_image_may_be_one_without_faces(dummy: list[str]) -> None:
    (image,) = parse_face_list(["0--Parade/none.jpg", "0", *dummy])

    assert image.boxes_xywh.shape == (0, 4)


def test_a_face_of_zeros_that_is_counted_is_a_face() -> None:
    assert listed(["E/a.jpg", "1", "0 0 0 0 0 0 0 0 0 0"]) == {"E/a": [[0, 0, 0, 0]]}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["x", "1", "1 2 3 4"], r"line 1; expected event/image\.jpg, got 'x'"),
        (["E/a.jpg", "one"], "line 2; expected the number of faces, got 'one'"),
        (["E/a.jpg", "9" * 9], "line 2; expected 999999999 faces, got 0"),
        (
            ["E/a.jpg", "9" * 10],
            "line 2; expected the number of faces, got '9999999999'",
        ),
        (["E/a.jpg", "9" * 5000], "line 2; expected the number of faces, got '9999"),
        (["E/a.jpg", "-1"], "line 2; expected the number of faces, got '-1'"),
        (["E/a.jpg"], "line 2; expected the number of faces, got nothing"),
        (["E/a.jpg", "3", "1 2 3 4"], "line 2; expected 3 faces, got 1"),
        (["E/a.jpg", "1", "1 2 3"], "line 3; expected x y w h and labels, got '1 2 3'"),
        (["E/a.jpg", "1", "1 2 x 4"], "line 3; expected x y w h and labels"),
        (["E/a.jpg", "1", "1 2 nan 4"], "line 3; expected x y w h and labels"),
        ([*ONE, "E/b.jpg", "0", "1 2 3 4"], r"line 7; expected event/image\.jpg"),
        ([*ONE, "", *ONE], "line 6: image 0--Parade/a is listed twice"),
    ],
)
def test_a_malformed_line_is_named(lines: list[str], message: str) -> None:
    with pytest.raises(DatasetInvalid, match=message):
        parse_face_list(lines)


def test_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("x\n")

    with pytest.raises(DatasetInvalid, match=r"list\.txt: line 1; expected"):
        read_face_list(tmp_path / "list.txt")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(b"\xff\xfe")

    with pytest.raises(
        DatasetInvalid, match=r"list\.txt: not UTF-8 text; got text in "
    ):
        read_face_list(tmp_path / "list.txt")
