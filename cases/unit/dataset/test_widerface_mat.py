from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from harness.dataset.widerface_files import write_ground_truth
from harness.dataset.widerface_mat import read_ground_truth
from harness.errors import DatasetInvalid
from harness.values.truth import FaceTruth

FACES, HARD = "wider_face_val.mat", "wider_hard_val.mat"

Spoil = Callable[[str, Callable[[dict[str, Any]], None]], Path]


@pytest.fixture
def spoil(tmp_path: Path, face_truth: FaceTruth) -> Spoil:
    """Write good files, then change one of them."""

    def change(file: str, how: Callable[[dict[str, Any]], None]) -> Path:
        write_ground_truth(tmp_path, face_truth)
        path = tmp_path / file
        variables = {
            name: value
            for name, value in loadmat(path, mat_dtype=True).items()
            if not name.startswith("__")
        }
        how(variables)
        savemat(path, variables, do_compression=True)
        return tmp_path

    return change


def setting(name: str, value: Any, *places: int) -> Callable[[dict[str, Any]], None]:
    """Set a cell of a variable: of an event, or of an image of it."""

    def change(variables: dict[str, Any]) -> None:
        if not places:
            variables[name] = value
            return
        cells = variables[name]
        for place in places[:-1]:
            cells = cells[place, 0]
        cells[places[-1], 0] = value

    return change


def test_compressed_numbers_of_any_type_are_read(
    spoil: Spoil, face_truth: FaceTruth
) -> None:
    folder = spoil(HARD, setting("gt_list", np.array([[1], [2]], np.uint8), 0, 0))

    assert read_ground_truth(folder).sha256() == face_truth.sha256()


def test_numbers_in_a_row_are_read_as_well(spoil: Spoil, face_truth: FaceTruth) -> None:
    folder = spoil(HARD, setting("gt_list", np.array([[2.0, 1.0]]), 0, 0))

    assert read_ground_truth(folder).sha256() == face_truth.sha256()


def test_an_event_without_images_has_none(spoil: Spoil, tmp_path: Path) -> None:
    def empty(variables: dict[str, Any]) -> None:
        for name in ("file_list", "face_bbx_list", "gt_list"):
            if name in variables:
                variables[name][0, 0] = np.zeros((0, 0))

    folder = spoil(FACES, empty)
    for file in ("wider_easy_val.mat", "wider_medium_val.mat", HARD):
        variables = loadmat(folder / file)
        empty(variables)
        savemat(folder / file, {k: v for k, v in variables.items() if k[0] != "_"})

    assert read_ground_truth(folder).image_names.tolist() == ["10--People/c"]


def boxes(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, np.float64)


def cells(*values: Any) -> np.ndarray:
    made = np.empty((len(values), 1), object)
    made[:, 0] = values
    return made


@pytest.mark.parametrize(
    ("file", "how", "message"),
    [
        (FACES, lambda v: v.pop("face_bbx_list"), "variable face_bbx_list is missing"),
        (HARD, lambda v: v.pop("gt_list"), "variable gt_list is missing"),
        (
            FACES,
            setting("file_list", np.zeros((2, 1))),
            "file_list is not a list of cells; got float64",
        ),
        (
            FACES,
            setting("file_list", cells(cells("a", "b"))),
            "length of file_list; expected 2, got 1",
        ),
        (
            FACES,
            setting("face_bbx_list", cells(boxes((1, 2, 3, 4))), 0),
            "event 0--Parade: length of face_bbx_list; expected 2, got 1",
        ),
        (
            HARD,
            setting("gt_list", cells(np.ones((1, 1))), 0),
            "event 0--Parade: length of gt_list; expected 2, got 1",
        ),
        (
            FACES,
            setting("face_bbx_list", boxes((1, 2, 3)), 0, 0),
            r"0--Parade/a: face_bbx_list; expected rows of x y w h, got shape \(1, 3\)",
        ),
        (
            FACES,
            setting("face_bbx_list", boxes((1, 2, 3, np.nan)), 0, 0),
            "0--Parade/a: face_bbx_list; expected finite numbers",
        ),
        (
            FACES,
            setting("file_list", np.ones((1, 1)), 0, 0),
            "event 0--Parade: a name; expected text without a slash, got",
        ),
        (FACES, setting("file_list", "../../a", 0, 0), "a name; expected text without"),
        (FACES, setting("event_list", "..", 0), r"a name; .* got \['\.\.'\]"),
        (FACES, setting("file_list", "b", 0, 0), "image 0--Parade/b is listed twice"),
        (
            HARD,
            setting("gt_list", np.array([[3.0]]), 0, 0),
            "0--Parade/a: gt_list; expected faces 1 to 2, got 3",
        ),
        (
            HARD,
            setting("gt_list", np.array([[0.0]]), 0, 0),
            "0--Parade/a: gt_list; expected faces 1 to 2, got 0",
        ),
        (
            HARD,
            setting("gt_list", np.array([[1.5]]), 0, 0),
            r"0--Parade/a: gt_list; expected faces 1 to 2, got 1\.5",
        ),
        (
            HARD,
            setting("gt_list", np.array([[1.0]]), 0, 1),
            "0--Parade/b: gt_list; expected faces 1 to 0, got 1",
        ),
        (
            HARD,
            setting("gt_list", np.array([[1.0], [1.0]]), 0, 0),
            r"0--Parade/a: gt_list names a face twice; got \[1\.?0?, 1\.?0?\]",
        ),
        (
            HARD,
            setting("gt_list", "one", 0, 0),
            "0--Parade/a: gt_list; expected numbers",
        ),
        (
            HARD,
            setting("event_list", "99--Moon", 1),
            "images are not those of .* order, got 3; one says 10--People/c, the other",
        ),
        (
            HARD,
            setting("file_list", cells("b", "a"), 0),
            r"images are not those of wider_face_val\.mat; .* got another order",
        ),
        (
            HARD,
            setting("face_bbx_list", boxes((1, 2, 30, 41), (5, 6, 7, 8)), 0, 0),
            "0--Parade/a: face_bbx_list is not that .* 2 faces, got other boxes",
        ),
        (
            HARD,
            setting("face_bbx_list", boxes((1, 2, 30, 40)), 0, 0),
            "0--Parade/a: face_bbx_list is not that of .* expected 2 faces, got 1",
        ),
    ],
)
def test_a_malformed_file_is_named_with_the_place(
    spoil: Spoil, file: str, how: Callable[[dict[str, Any]], None], message: str
) -> None:
    folder = spoil(file, how)

    with pytest.raises(DatasetInvalid, match=rf"{file}: (.*: )?{message}"):
        read_ground_truth(folder)


@pytest.mark.parametrize("length", [0, 40, 400])
def test_a_file_that_is_cut_off_is_refused(
    tmp_path: Path, face_truth: FaceTruth, length: int
) -> None:
    write_ground_truth(tmp_path, face_truth)
    (tmp_path / FACES).write_bytes((tmp_path / FACES).read_bytes()[:length])

    with pytest.raises(
        DatasetInvalid,
        match=r"wider_face_val\.mat: (not a MATLAB file that can be read; expected "
        r"version 5 to 7, got .*; fetch the official eval_tools again|variable)",
    ):
        read_ground_truth(tmp_path)


def test_a_file_of_version_7_3_is_refused(
    tmp_path: Path, face_truth: FaceTruth
) -> None:
    write_ground_truth(tmp_path, face_truth)
    header = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    (tmp_path / HARD).write_bytes(header + bytes(400))

    with pytest.raises(DatasetInvalid, match=r"wider_hard_val\.mat: not a MATLAB file"):
        read_ground_truth(tmp_path)
