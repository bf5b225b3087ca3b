from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from harness.dataset.image import read_rgb
from harness.dataset.voc import open_voc, voc_truth
from harness.errors import DatasetInvalid, DatasetMissing, UsageError

Object = tuple[str, tuple[float, float, float, float], int]
Write = Callable[..., Path]

SCENES: Mapping[str, Sequence[Object]] = {
    "000007": [("dog", (1, 1, 12, 8), 0), ("cat", (2, 2, 5, 5), 1)],
    "000002": [],
    "000004": [("aeroplane", (3, 1, 9, 20), 0)],
}


@pytest.fixture
def write_voc(tmp_path: Path) -> Write:
    """Write a year of a devkit with drawn images of 12 x 8; return the data root."""

    def write(
        scenes: Mapping[str, Sequence[Object]] = SCENES,
        *,
        year: str = "2007",
        split: str = "test",
        name: str = "root",
    ) -> Path:
        cv2 = pytest.importorskip("cv2")
        folder = tmp_path / name / "VOCdevkit" / f"VOC{year}"
        for part in ("ImageSets/Main", "Annotations", "JPEGImages"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / f"ImageSets/Main/{split}.txt").write_text("\n".join(scenes) + "\n")
        for stem, objects in scenes.items():
            text = "<size><width>12</width><height>8</height></size>"
            for kind, box, difficult in objects:
                corners = zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)
                edges = "".join(f"<{tag}>{at}</{tag}>" for tag, at in corners)
                text += f"<object><name>{kind}</name><difficult>{difficult}</difficult>"
                text += f"<bndbox>{edges}</bndbox></object>"
            path = folder / "Annotations" / f"{stem}.xml"
            path.write_text(f"<annotation>{text}</annotation>")
            drawn = np.full((8, 12, 3), int(stem[-1]) * 20, np.uint8)
            assert cv2.imwrite(str(folder / "JPEGImages" / f"{stem}.jpg"), drawn)
        return tmp_path / name

    return write


def test_images_come_in_the_order_of_the_list_numbered_from_0(write_voc: Write) -> None:
    root = write_voc()

    found = open_voc(root)

    assert [image.image_id for image in found.images] == [0, 1, 2]
    assert [image.path.stem for image in found.images] == ["000007", "000002", "000004"]
    assert {(image.width_px, image.height_px) for image in found.images} == {(12, 8)}
    assert read_rgb(found.images[0].path).shape == (8, 12, 3)


def test_truth_is_as_the_files_state_it(write_voc: Write) -> None:
    truth = open_voc(write_voc()).truth

    assert truth.image_ids.tolist() == [0, 1, 2]
    assert truth.image_names.tolist() == ["000007", "000002", "000004"]
    assert truth.sizes_wh.tolist() == [[12, 8]] * 3
    assert truth.class_names[truth.box_classes].tolist() == ["dog", "cat", "aeroplane"]
    assert truth.box_image_ids.tolist() == [0, 0, 2]
    assert truth.boxes_xyxy.tolist() == [[1, 1, 12, 8], [2, 2, 5, 5], [3, 1, 9, 20]]
    assert truth.is_difficult.tolist() == [False, True, False]


def test_all_images_are_counted_and_the_objects_that_are_not_difficult(
    write_voc: Write,
) -> None:
    found = open_voc(write_voc())

    assert (found.image_count, found.annotation_count, found.limit) == (3, 2, None)
    assert found.faults == ()


def test_images_without_objects_stay_and_are_told(write_voc: Write) -> None:
    found = open_voc(write_voc())

    (note,) = found.notes
    assert note == (
        "1 of 3 images have no object and are not scored: "
        "VOC2007/Annotations/000002.xml"
    )
    assert open_voc(write_voc({"000007": SCENES["000007"]}, name="full")).notes == ()


def test_a_devkit_s_own_classes_are_used_and_are_part_of_its_fingerprint(
    write_voc: Write,
) -> None:
    root = write_voc()
    before = open_voc(root)
    names = "dog\nrabbit\naeroplane\ncat\n"
    (root / "VOCdevkit" / "label_list.txt").write_text(names)

    found = open_voc(root)

    assert found.truth.class_names.tolist() == names.split()
    assert found.truth.box_classes.tolist() == [0, 3, 2]
    assert found.fingerprint != before.fingerprint


def test_a_size_that_is_not_the_file_s_is_kept(write_voc: Write) -> None:
    root = write_voc()
    path = root / "VOCdevkit/VOC2007/Annotations/000004.xml"
    path.write_text(path.read_text().replace("<width>12<", "<width>500<"))

    found = open_voc(root)

    assert found.images[2].width_px == 500
    assert found.truth.sizes_wh[2].tolist() == [500, 8]


def test_a_limit_takes_the_first_images_of_the_list(write_voc: Write) -> None:
    root = write_voc()
    (root / "VOCdevkit/VOC2007/Annotations/000004.xml").unlink()  # is not used

    found = open_voc(root, limit=2)

    assert found.truth.image_names.tolist() == ["000007", "000002"]
    assert (found.image_count, found.annotation_count, found.limit) == (2, 1, 2)


def test_a_limit_that_cuts_nothing_is_no_limit(write_voc: Write) -> None:
    root = write_voc()

    assert open_voc(root, limit=3).limit is None
    assert open_voc(root, limit=9).fingerprint == open_voc(root).fingerprint


def test_years_are_joined_in_their_order(write_voc: Write) -> None:
    write_voc({"000005": SCENES["000004"]}, split="trainval")
    root = write_voc({"2008_000001": SCENES["000007"]}, year="2012", split="trainval")

    found = open_voc(root, split="trainval", years=("2007", "2012"))

    assert found.truth.image_names.tolist() == ["000005", "2008_000001"]
    assert [image.path.parts[-3] for image in found.images] == ["VOC2007", "VOC2012"]


def test_an_image_that_two_years_list_is_refused(write_voc: Write) -> None:
    write_voc()
    root = write_voc({"000004": []}, year="2012")

    with pytest.raises(
        DatasetInvalid,
        match="image 000004 is listed twice; got in VOC2007 and in VOC2012",
    ):
        open_voc(root, years=("2007", "2012"))


def test_a_copy_has_the_same_fingerprint_and_each_byte_counts(write_voc: Write) -> None:
    one = open_voc(write_voc())
    root = write_voc(name="elsewhere")
    same = open_voc(root)
    path = root / "VOCdevkit/VOC2007/Annotations/000002.xml"
    path.write_text(path.read_text() + "\n")

    assert one.fingerprint == same.fingerprint
    assert open_voc(root).fingerprint != one.fingerprint


def test_a_missing_image_stays_in_the_set_and_is_named(write_voc: Write) -> None:
    root = write_voc()
    before = open_voc(root)
    path = root / "VOCdevkit/VOC2007/JPEGImages/000002.jpg"
    path.unlink()

    found = open_voc(root)

    assert found.faults == (f"image {path} is not there",)
    assert found.images == before.images
    assert found.image_count == 3
    assert found.fingerprint != before.fingerprint


def test_a_set_without_any_image_is_missing(write_voc: Write) -> None:
    root = write_voc({f"00000{k}": [] for k in range(1, 6)})
    shutil.rmtree(root / "VOCdevkit/VOC2007/JPEGImages")

    with pytest.raises(
        DatasetMissing,
        match=r"none of 5 images is in .*VOCdevkit; got no "
        r"VOC2007/JPEGImages/000001\.jpg, VOC2007/JPEGImages/000002\.jpg, "
        r"VOC2007/JPEGImages/000003\.jpg, \.\.\.; put the images there, as NAME",
    ):
        open_voc(root)


def test_missing_annotation_files_are_counted_and_named(write_voc: Write) -> None:
    root = write_voc()
    (root / "VOCdevkit/VOC2007/Annotations/000002.xml").unlink()

    with pytest.raises(
        DatasetMissing,
        match=r"1 of 3 annotation files are not in .*VOCdevkit; got no "
        r"VOC2007/Annotations/000002\.xml; put them there, or take their images out",
    ):
        open_voc(root)


def test_a_malformed_annotation_file_is_named(write_voc: Write) -> None:
    root = write_voc({"000001": [("cow", (5, 1, 4, 2), 0)]})

    with pytest.raises(
        DatasetInvalid, match=r"Annotations/000001\.xml: object 1: cow: bndbox, xmin"
    ):
        open_voc(root)


def test_a_list_that_names_an_image_twice_is_refused(write_voc: Write) -> None:
    root = write_voc()
    path = root / "VOCdevkit/VOC2007/ImageSets/Main/test.txt"
    path.write_text("000002\n000002\n")

    with pytest.raises(DatasetInvalid, match=r"test\.txt: line 2: 000002 is listed tw"):
        open_voc(root)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(tmp_path: Path, limit: int) -> None:
    with pytest.raises(
        UsageError, match=f"limit; expected 1 image or more, got {limit}"
    ):
        open_voc(tmp_path, limit=limit)


def test_a_root_without_the_set_says_where_it_was_looked_for(tmp_path: Path) -> None:
    expected = tmp_path / "VOCdevkit/VOC2007/ImageSets/Main/test.txt"

    with pytest.raises(
        DatasetMissing,
        match="the VOC set is not under the data root; expected "
        f"{re.escape(str(expected))}, got a data root .* without it; "
        "set the data root with --data-root DIR or ZOO_DATA_ROOT",
    ):
        open_voc(tmp_path)


@pytest.mark.parametrize("suffix", [".jpeg", ".JPG", ".png"])
def test_images_of_another_suffix_are_found(write_voc: Write, suffix: str) -> None:
    root = write_voc()
    folder = root / "VOCdevkit/VOC2007/JPEGImages"
    (folder / "000002.jpg").rename(folder / f"000002{suffix}")

    found = open_voc(root)

    assert found.images[1].path == folder / f"000002{suffix}"
    assert found.faults == ()
    assert f"VOC2007/JPEGImages/000002{suffix}" in found.file_digests


def test_an_absent_image_says_what_is_there_instead(write_voc: Write) -> None:
    root = write_voc({**SCENES, "a2": []})
    folder = root / "VOCdevkit/VOC2007/JPEGImages"
    (folder / "a2.jpg").rename(folder / "A2.jpg")

    assert open_voc(root).faults == (
        f"image {folder}/a2.jpg is not there; A2.jpg is there",
    )


def test_a_class_list_beside_the_devkit_is_read(write_voc: Write) -> None:
    """PaddleDetection has it there."""
    root = write_voc()
    names = "dog\nrabbit\naeroplane\ncat\n"
    (root / "label_list.txt").write_text(names)
    beside = open_voc(root)
    (root / "VOCdevkit/label_list.txt").write_text(names)
    both = open_voc(root)

    assert beside.class_names == ("dog", "rabbit", "aeroplane", "cat")
    assert both.fingerprint == beside.fingerprint


def test_two_class_lists_that_differ_are_refused(write_voc: Write) -> None:
    root = write_voc()
    (root / "label_list.txt").write_text("dog\n")
    (root / "VOCdevkit/label_list.txt").write_text("dog\ncat\n")

    with pytest.raises(
        DatasetInvalid,
        match=r"^two class lists that differ; expected one label_list.txt, got "
        r"\S+/VOCdevkit/label_list.txt and \S+/label_list.txt; take away the one",
    ):
        open_voc(root)


@pytest.mark.parametrize(
    "line",
    [
        "{0}.jpg",
        "{0}.PNG",
        "VOCdevkit/VOC2007/JPEGImages/{0}.jpg VOCdevkit/VOC2007/Annotations/{0}.xml",
        r".\VOC2007\JPEGImages\{0}.jpg .\VOC2007\Annotations\{0}.xml",
    ],
)
def test_a_list_may_have_suffixes_or_the_paths_of_paddledetection(
    write_voc: Write, line: str
) -> None:
    root = write_voc()
    path = root / "VOCdevkit/VOC2007/ImageSets/Main/test.txt"
    path.write_text("".join(line.format(one) + "\n" for one in SCENES))

    assert open_voc(root).truth.image_names.tolist() == list(SCENES)
    assert voc_truth(root).image_names.tolist() == list(SCENES)


@pytest.mark.parametrize(
    "line",
    [
        "VOC2012/JPEGImages/1.jpg VOC2012/Annotations/1.xml",
        "VOC2007/JPEGImages/1.jpg VOC2007/Annotations/2.xml",
        "JPEGImages/1.jpg Annotations/1.xml",
    ],
)
def test_paths_that_lead_elsewhere_are_refused(write_voc: Write, line: str) -> None:
    root = write_voc()
    path = root / "VOCdevkit/VOC2007/ImageSets/Main/test.txt"
    path.write_text(f"{line}\n")

    with pytest.raises(
        DatasetInvalid,
        match=r"test\.txt: line 1: an image and its annotations; expected "
        r"VOC2007/JPEGImages/NAME.jpg VOC2007/Annotations/NAME.xml, got '.*'; list the",
    ):
        open_voc(root)


def test_a_list_of_paddledetection_beside_the_devkit_is_told(write_voc: Write) -> None:
    root = write_voc()
    (root / "VOCdevkit/VOC2007/ImageSets/Main/test.txt").rename(root / "test.txt")

    with pytest.raises(DatasetMissing, match=rf"; copy {root}/test.txt there$"):
        open_voc(root)
