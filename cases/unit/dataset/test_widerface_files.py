from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat

from harness.dataset.widerface_files import write_ground_truth
from harness.dataset.widerface_list import read_face_list
from harness.dataset.widerface_mat import read_ground_truth
from harness.errors import DatasetInvalid
from harness.values.truth import FaceTruth

FILES = [
    "wider_face_val.mat",
    "wider_easy_val.mat",
    "wider_medium_val.mat",
    "wider_hard_val.mat",
    "wider_face_val_bbx_gt.txt",
]


def test_what_was_written_is_read(tmp_path: Path, face_truth: FaceTruth) -> None:
    paths = write_ground_truth(tmp_path / "new", face_truth)

    assert [path.name for path in paths] == FILES
    assert read_ground_truth(tmp_path / "new").sha256() == face_truth.sha256()


def test_the_list_says_the_same(tmp_path: Path, face_truth: FaceTruth) -> None:
    write_ground_truth(tmp_path, face_truth)

    listed = read_face_list(tmp_path / FILES[-1])

    assert [one.name for one in listed] == face_truth.image_names.tolist()
    assert [len(one.boxes_xywh) for one in listed] == [2, 0, 3]
    assert (
        np.concatenate([one.boxes_xywh for one in listed]) == face_truth.boxes_xywh
    ).all()
    assert (tmp_path / FILES[-1]).read_text().splitlines()[:6] == [
        "0--Parade/a.jpg",
        "2",
        "1 2 30 40 0 0 0 0 0 0",
        "5 6 7 8 0 0 0 0 0 0",
        "0--Parade/b.jpg",
        "0",
    ]


def test_the_structure_is_that_of_the_official_files(
    tmp_path: Path, face_truth: FaceTruth
) -> None:
    write_ground_truth(tmp_path, face_truth)

    faces = loadmat(tmp_path / FILES[0], mat_dtype=True)
    easy = loadmat(tmp_path / FILES[1], mat_dtype=True)
    names = {name for name in faces if not name.startswith("__")}

    assert names == {
        "event_list",
        "file_list",
        "face_bbx_list",
        *(
            f"{one}_label_list"
            for one in (
                "blur",
                "expression",
                "illumination",
                "invalid",
                "occlusion",
                "pose",
            )
        ),
    }
    assert set(easy) - set(faces) == {"gt_list"}
    assert {faces[name].shape for name in names} == {(2, 1)}
    assert faces["event_list"][1, 0][0] == "10--People"
    assert faces["file_list"][0, 0][1, 0][0] == "b"
    boxes = faces["face_bbx_list"][1, 0][0, 0]
    assert (boxes.dtype, boxes.shape) == (np.int32, (3, 4))
    assert faces["blur_label_list"][1, 0][0, 0].shape == (3, 1)
    numbers = easy["gt_list"][1, 0][0, 0]
    assert (numbers.dtype, numbers.tolist()) == (np.float64, [[1.0]])


def test_broken_boxes_are_doubles(tmp_path: Path, face_truth: FaceTruth) -> None:
    broken = replace(face_truth, boxes_xywh=face_truth.boxes_xywh + 0.25)
    write_ground_truth(tmp_path, broken)

    faces = loadmat(tmp_path / FILES[0], mat_dtype=True)

    assert faces["face_bbx_list"][0, 0][0, 0].dtype == np.float64
    assert read_ground_truth(tmp_path).sha256() == broken.sha256()


def test_the_same_truth_gives_the_same_bytes_at_any_hour(
    tmp_path: Path, face_truth: FaceTruth, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = write_ground_truth(tmp_path / "one", face_truth)
    monkeypatch.setattr("time.asctime", lambda: "Thu Jan  1 00:00:00 1970")
    other = write_ground_truth(tmp_path / "other", face_truth)

    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]
    assert one[0].read_bytes()[:116].rstrip() == b"MATLAB 5.0 MAT-file"


def test_faces_in_any_order_are_written_with_their_image(
    tmp_path: Path, face_truth: FaceTruth
) -> None:
    order = np.array([4, 0, 2, 1, 3])
    arrays = face_truth.arrays()
    shuffled = FaceTruth(
        **{
            name: array if name.startswith("image") else array[order]
            for name, array in arrays.items()
        }
    )
    write_ground_truth(tmp_path, shuffled)

    found = read_ground_truth(tmp_path)

    assert found.box_image_ids.tolist() == [0, 0, 2, 2, 2]
    assert found.boxes_xywh[2].tolist() == [3, 3, -2, 0]
    assert found.is_easy.tolist() == [True, False, False, True, False]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_ids": np.array([0, 1, 3])}, "truth, image_ids; expected places: 0, 1"),
        (
            {"image_names": np.array(["a", "b", "c"])},
            "truth, image_names; expected event/image, got a",
        ),
        (
            {"image_names": np.array(["E/a", "F/b", "E/c"])},
            "images of event E do not follow each other",
        ),
    ],
)
def test_truth_that_the_files_cannot_state_is_refused(
    tmp_path: Path, face_truth: FaceTruth, change: dict[str, np.ndarray], message: str
) -> None:
    with pytest.raises(DatasetInvalid, match=message):
        write_ground_truth(tmp_path, replace(face_truth, **change))

    assert not list(tmp_path.iterdir())
