import logging
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.dataset.widerface import open_widerface
from harness.dataset.widerface_files import write_ground_truth
from harness.errors import DatasetInvalid, DatasetMissing, UsageError
from harness.values.truth import FaceTruth

LIST = "wider_face_val_bbx_gt.txt"


def test_images_come_in_the_order_of_the_files_with_their_own_size(
    face_root: Path, face_truth: FaceTruth
) -> None:
    found = open_widerface(face_root)

    assert [image.image_id for image in found.images] == [0, 1, 2]
    assert [(one.width_px, one.height_px) for one in found.images] == [
        (20, 10),
        (22, 11),
        (24, 12),
    ]
    assert found.images[2].path == face_root / "WIDER_val/images/10--People/c.jpg"
    assert found.truth.sha256() == face_truth.sha256()


def test_every_face_is_an_annotation_whatever_its_subset(face_root: Path) -> None:
    found = open_widerface(face_root)

    assert (found.image_count, found.annotation_count, found.limit) == (3, 5, None)
    assert found.faults == ()


def test_the_ground_truth_may_be_where_the_official_tool_has_it(
    face_root: Path,
) -> None:
    before = open_widerface(face_root)
    (face_root / "eval_tools" / "ground_truth").mkdir(parents=True)
    for path in (face_root / "wider_face_split").glob("*.mat"):
        if path.name != "wider_face_val.mat":  # the split has one of its own
            path.rename(face_root / "eval_tools" / "ground_truth" / path.name)
    shutil.copy(
        face_root / "wider_face_split" / "wider_face_val.mat",
        face_root / "eval_tools" / "ground_truth",
    )

    assert open_widerface(face_root).fingerprint == before.fingerprint


def test_a_limit_takes_the_first_images_and_their_faces(
    face_root: Path, face_truth: FaceTruth
) -> None:
    found = open_widerface(face_root, limit=2)

    assert [image.image_id for image in found.images] == [0, 1]
    for name, values in face_truth.arrays().items():
        # Two of three images; of five faces, the two that are in them.
        assert found.truth.arrays()[name].tolist() == values[:2].tolist(), name
    assert (found.image_count, found.annotation_count, found.limit) == (2, 2, 2)
    assert found.fingerprint != open_widerface(face_root).fingerprint


def test_a_limit_that_cuts_nothing_is_no_limit(face_root: Path) -> None:
    assert open_widerface(face_root, limit=3).limit is None


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(tmp_path: Path, limit: int) -> None:
    with pytest.raises(
        UsageError, match=f"limit; expected 1 image or more, got {limit}"
    ):
        open_widerface(tmp_path, limit=limit)


def test_a_missing_image_is_named_and_stays_with_the_size_0(face_root: Path) -> None:
    whole = open_widerface(face_root)
    (face_root / "WIDER_val/images/0--Parade/b.jpg").unlink()

    found = open_widerface(face_root)

    assert found.faults == ("1 of 3 images are missing: 0--Parade/b.jpg",)
    assert (found.images[1].width_px, found.images[1].height_px) == (0, 0)
    assert (found.image_count, len(found.images)) == (3, 3)
    assert found.fingerprint != whole.fingerprint


def test_an_unreadable_image_is_named_and_stays_with_the_size_0(
    face_root: Path,
) -> None:
    (face_root / "WIDER_val/images/0--Parade/a.jpg").write_bytes(b"no image")

    found = open_widerface(face_root)

    (fault,) = found.faults
    assert "0--Parade/a.jpg cannot be decoded" in fault
    assert (found.images[0].width_px, found.images[0].height_px) == (0, 0)


def test_one_changed_byte_of_any_file_changes_the_fingerprint(
    face_root: Path,
) -> None:
    prints = {open_widerface(face_root).fingerprint}
    for name in ("WIDER_val/images/0--Parade/a.jpg", f"wider_face_split/{LIST}"):
        with (face_root / name).open("ab") as file:
            file.write(b"\n")
        prints.add(open_widerface(face_root).fingerprint)

    assert len(prints) == 3


def test_without_the_list_nothing_is_compared(face_root: Path) -> None:
    (face_root / "wider_face_split" / LIST).unlink()

    assert open_widerface(face_root).faults == ()


def test_a_list_that_says_otherwise_is_a_fault(
    face_root: Path, face_truth: FaceTruth, tmp_path: Path
) -> None:
    other = replace(
        face_truth,
        image_names=np.array(["0--Parade/a", "0--Parade/x", "10--People/c"]),
        boxes_xywh=np.where(np.arange(5)[:, None] == 0, 9, face_truth.boxes_xywh),
    )
    write_ground_truth(tmp_path / "other", other)
    shutil.copy(tmp_path / "other" / LIST, face_root / "wider_face_split" / LIST)

    assert open_widerface(face_root).faults == (
        f"{LIST} lists no 0--Parade/b, unlike the .mat files",
        f"{LIST} alone lists 0--Parade/x, unlike the .mat files",
        f"{LIST} has other faces in 0--Parade/a, unlike the .mat files",
    )


def test_many_faulty_images_are_counted(face_root: Path) -> None:
    lines = "".join(f"E/{n}.jpg\n0\n" for n in range(5))
    with (face_root / "wider_face_split" / LIST).open("a") as file:
        file.write(lines)

    assert open_widerface(face_root).faults == (
        f"{LIST} alone lists E/0, E/1, E/2 and 2 more, unlike the .mat files",
    )


def test_a_malformed_list_is_named(face_root: Path) -> None:
    (face_root / "wider_face_split" / LIST).write_text("x")

    with pytest.raises(DatasetInvalid, match=rf"{LIST}: line 1; expected"):
        open_widerface(face_root)


@pytest.mark.parametrize("missing", ["wider_face_val.mat", "wider_hard_val.mat"])
def test_missing_ground_truth_says_where_it_was_looked_for(
    face_root: Path, missing: str
) -> None:
    (face_root / "wider_face_split" / missing).unlink()

    with pytest.raises(
        DatasetMissing,
        match=r"WIDER FACE validation set is not under the data root; expected "
        r"wider_face_val\.mat, .*wider_hard_val\.mat in wider_face_split or "
        r"eval_tools/ground_truth, got a data root .* without it; set the data root "
        "with --data-root DIR or ZOO_DATA_ROOT",
    ):
        open_widerface(face_root)


def test_a_missing_image_folder_says_where_it_was_looked_for(face_root: Path) -> None:
    shutil.rmtree(face_root / "WIDER_val")

    with pytest.raises(
        DatasetMissing, match=r"expected .*WIDER_val/images, got a data"
    ):
        open_widerface(face_root)


def test_a_set_without_any_of_its_images_is_missing(face_root: Path) -> None:
    for path in (face_root / "WIDER_val").rglob("*.jpg"):
        path.unlink()

    with pytest.raises(
        DatasetMissing,
        match=r"3 of 3 images are missing: 0--Parade/a\.jpg, .*; put the images there",
    ):
        open_widerface(face_root)


def test_the_ground_truth_that_is_read_is_logged(
    face_root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="harness.dataset"):
        open_widerface(face_root)

    folder = face_root / "wider_face_split"
    assert caplog.messages == [f"ground truth of WIDER FACE: {folder}"]
