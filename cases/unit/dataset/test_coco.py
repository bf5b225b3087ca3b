import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from harness.dataset.coco import open_coco
from harness.dataset.digest_cache import DigestCache
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


@pytest.mark.parametrize("name", ["a\0.bmp", "\ud800.bmp"])
def test_a_name_that_no_file_can_have_is_a_fault_and_stops_nothing(
    coco_data: Data, write_coco: Write, name: str, tmp_path: Path
) -> None:
    root = write_coco(coco_data)
    path = root / "coco" / "annotations" / "instances_val2017.json"
    path.write_text(json.dumps(coco_data).replace("c.bmp", json.dumps(name)[1:-1]))

    for digests in (None, DigestCache(tmp_path / "digests.json")):
        found = open_coco(root, digests=digests)
        assert found.faults == (f"{name}: cannot be read",)
        assert found.file_digests[name] is None
        assert len(found.images) == 3


def test_a_missing_image_is_a_fault_and_stays_an_image(
    coco_data: Data, write_coco: Write
) -> None:
    root = write_coco(coco_data)
    whole = open_coco(root)
    (root / "coco" / "val2017" / "c.bmp").unlink()

    found = open_coco(root)

    assert found.faults == ("c.bmp: cannot be read",)
    assert [one.image_id for one in found.images] == [2, 4, 7]
    assert (found.image_count, found.annotation_count) == (3, 2)
    assert found.truth.sha256() == whole.truth.sha256()
    assert found.fingerprint != whole.fingerprint
    assert found.file_digests["c.bmp"] is None
    assert found.file_digests["b.png"] == whole.file_digests["b.png"]


def test_an_image_that_may_not_be_read_is_a_fault(
    coco_data: Data, write_coco: Write
) -> None:
    root = write_coco(coco_data)
    path = root / "coco" / "val2017" / "c.bmp"
    path.unlink()
    path.mkdir()

    assert open_coco(root).faults == ("c.bmp: cannot be read",)


def test_without_any_image_there_is_no_dataset(
    coco_data: Data, write_coco: Write
) -> None:
    root = write_coco(coco_data)
    for path in (root / "coco" / "val2017").rglob("*.*"):
        path.unlink()

    with pytest.raises(
        DatasetMissing,
        match=r"none of 3 images is in .*val2017; expected c\.bmp; put the images",
    ):
        open_coco(root)


def test_digests_are_asked_for_each_file(
    coco_data: Data, write_coco: Write, tmp_path: Path
) -> None:
    root = write_coco(coco_data)
    digests = Mock(sha256=Mock(return_value="ab" * 32))

    found = open_coco(root, digests=digests)

    assert set(found.file_digests.values()) == {"ab" * 32}
    assert digests.sha256.call_count == 4
    assert found.fingerprint != open_coco(root).fingerprint


def test_an_annotation_of_an_unknown_image_is_refused(
    coco_data: Data, write_coco: Write
) -> None:
    coco_data["annotations"][0]["image_id"] = 99

    with pytest.raises(
        DatasetInvalid,
        match=r"json: annotation 0: image_id; expected one of the 3 listed, got 99",
    ):
        open_coco(write_coco(coco_data))


def test_an_image_without_annotations_is_one_of_the_images(
    coco_data: Data, write_coco: Write
) -> None:
    found = open_coco(write_coco(coco_data))

    assert 4 not in found.truth.box_image_ids
    assert 4 in found.truth.image_ids
    assert 4 in [one.image_id for one in found.images]


@pytest.mark.parametrize(
    "box", [[-5, -5, 3, 3], [0, 0, 500, 600], [3, 3, 0, 0], [100, 100, 1, 0]]
)
def test_boxes_outside_the_image_or_without_a_size_are_kept_as_they_are(
    coco_data: Data, write_coco: Write, box: list[float]
) -> None:
    coco_data["annotations"][0]["bbox"] = box

    assert open_coco(write_coco(coco_data)).truth.boxes_xywh[0].tolist() == box


@pytest.mark.parametrize("field", ["iscrowd", "area"])
def test_an_annotation_without_what_the_metric_needs_is_refused(
    coco_data: Data, write_coco: Write, field: str
) -> None:
    del coco_data["annotations"][0][field]

    with pytest.raises(DatasetInvalid, match=f"annotation 0: field {field} is missing"):
        open_coco(write_coco(coco_data))


def test_an_id_that_is_listed_twice_is_refused(
    coco_data: Data, write_coco: Write
) -> None:
    coco_data["annotations"][1]["id"] = 0

    with pytest.raises(
        DatasetInvalid, match=r"annotation at index 1: id 0 is listed twice"
    ):
        open_coco(write_coco(coco_data))


def test_a_size_that_disagrees_with_the_file_is_what_the_network_is_told(
    coco_data: Data, write_coco: Write
) -> None:
    root = write_coco(coco_data)
    coco_data["images"][1] |= {"width": 50, "height": 60}
    path = root / "coco" / "annotations" / "instances_val2017.json"
    path.write_text(json.dumps(coco_data))

    first = open_coco(root).images[0]

    assert (first.width_px, first.height_px) == (50, 60)
    assert read_rgb(first.path).shape == (6, 5, 3)


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
