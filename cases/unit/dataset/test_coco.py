import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.dataset.coco import open_coco
from harness.dataset.image import read_rgb
from harness.errors import DatasetInvalid, DatasetMissing, UsageError

Data = dict[str, Any]
Write = Callable[..., Path]


def test_images_come_by_ascending_id_with_their_annotated_size(
    coco_data: Data, write_coco: Write
) -> None:
    root = write_coco(coco_data)

    found = open_coco(root)

    assert [image.image_id for image in found.images] == [2, 4, 7]
    assert [(image.width_px, image.height_px) for image in found.images] == [
        (5, 6),
        (9, 9),
        (12, 8),
    ]
    assert found.images[1].path == root / "coco" / "val2017" / "sub" / "a.png"
    assert [read_rgb(image.path).shape for image in found.images] == [
        (6, 5, 3),
        (9, 9, 3),
        (8, 12, 3),
    ]


def test_the_whole_set_has_no_limit(coco_data: Data, write_coco: Write) -> None:
    found = open_coco(write_coco(coco_data))

    assert (found.image_count, found.annotation_count, found.limit) == (3, 2, None)
    assert found.truth.image_ids.tolist() == [7, 2, 4]  # file order, one without box


def test_an_annotated_size_that_is_not_the_file_s_is_kept(
    coco_data: Data, write_coco: Write
) -> None:
    root = write_coco(coco_data)
    coco_data["images"][1]["width"] = 500
    path = write_coco(coco_data, "other") / "coco" / "annotations"
    shutil.copytree(path, root / "coco" / "annotations", dirs_exist_ok=True)

    assert open_coco(root).images[0].width_px == 500


def test_a_limit_takes_the_first_images_and_their_truth(
    coco_data: Data, write_coco: Write
) -> None:
    root = write_coco(coco_data)
    shutil.move(root / "coco" / "val2017" / "b.png", root)  # image 7 is not used

    found = open_coco(root, limit=2)

    assert [image.image_id for image in found.images] == [2, 4]
    assert found.truth.image_ids.tolist() == [2, 4]
    assert found.truth.box_image_ids.tolist() == [2]
    assert (found.image_count, found.annotation_count, found.limit) == (2, 1, 2)


def test_a_limit_that_cuts_nothing_is_no_limit(
    coco_data: Data, write_coco: Write
) -> None:
    root = write_coco(coco_data)

    assert open_coco(root, limit=3).limit is None
    assert open_coco(root, limit=9).fingerprint == open_coco(root).fingerprint


def test_a_part_has_another_fingerprint_than_the_whole(
    coco_data: Data, write_coco: Write
) -> None:
    root = write_coco(coco_data)

    assert open_coco(root, limit=2).fingerprint != open_coco(root).fingerprint


def test_a_copy_has_the_same_fingerprint(coco_data: Data, write_coco: Write) -> None:
    one = open_coco(write_coco(coco_data))
    other = open_coco(write_coco(coco_data, "elsewhere"))

    assert one.fingerprint == other.fingerprint


def test_one_changed_image_byte_changes_the_fingerprint(
    coco_data: Data, write_coco: Write
) -> None:
    root = write_coco(coco_data)
    before = open_coco(root).fingerprint
    path = root / "coco" / "val2017" / "c.bmp"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")

    assert open_coco(root).fingerprint != before


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(tmp_path: Path, limit: int) -> None:
    with pytest.raises(
        UsageError, match=f"limit; expected 1 image or more, got {limit}"
    ):
        open_coco(tmp_path, limit=limit)


def test_a_missing_annotation_file_says_where_it_was_looked_for(
    tmp_path: Path,
) -> None:
    with pytest.raises(
        DatasetMissing,
        match=r"not under the data root; expected .*/coco/annotations/"
        r"instances_val2017\.json, got a data root .* without it; "
        r"set the data root with --data-root DIR or ZOO_DATA_ROOT",
    ):
        open_coco(tmp_path)


def test_a_missing_image_folder_says_where_it_was_looked_for(
    coco_data: Data, write_coco: Write
) -> None:
    root = write_coco(coco_data)
    shutil.rmtree(root / "coco" / "val2017")

    with pytest.raises(DatasetMissing, match=r"expected .*/coco/val2017, got a data"):
        open_coco(root)


def test_missing_images_are_counted_and_the_first_named(
    coco_data: Data, write_coco: Write
) -> None:
    coco_data["images"] += [
        {"id": 20 + k, "file_name": f"x{k}.png", "width": 2, "height": 2}
        for k in range(5)
    ]
    root = write_coco(coco_data)
    for path in (root / "coco" / "val2017").glob("x*.png"):
        path.unlink()

    with pytest.raises(
        DatasetMissing,
        match=r"5 of 8 images are not in .*val2017; got no x0\.png, x1\.png, x2\.png, "
        r"\.\.\.; fetch the dataset's images again",
    ):
        open_coco(root)


def test_a_malformed_file_is_named_with_entry_and_field(
    coco_data: Data, write_coco: Write
) -> None:
    del coco_data["annotations"][1]["area"]
    root = write_coco(coco_data)

    with pytest.raises(
        DatasetInvalid,
        match=r"instances_val2017\.json: annotation 11: field area is missing",
    ):
        open_coco(root)
