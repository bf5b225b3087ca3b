"""The training sets of all datasets, through files that the tests write."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.dataset.coco_training import open_coco_training
from harness.dataset.datasets import DATASETS, Dataset
from harness.dataset.drawn.coco_scenes import write_coco_scenes
from harness.dataset.drawn.face_scenes import draw_face_scene
from harness.dataset.drawn.scenes import draw_scene
from harness.dataset.drawn.widerface_scenes import TRAINING_SIDES_PX
from harness.dataset.voc_training import open_voc_training
from harness.dataset.widerface_training import open_widerface_training
from harness.errors import DatasetInvalid, DatasetMissing

TRAINED_ON = [name for name, one in DATASETS.items() if one.open_training]


def box(number: int, image: int, bbox: list[float], **other: Any) -> dict[str, Any]:
    plain = {"category_id": 3, "area": 9, "iscrowd": 0}
    return {"id": number, "image_id": image, "bbox": bbox, **plain, **other}


@pytest.fixture
def write_coco_training(tmp_path: Path) -> Callable[[list[dict[str, Any]]], Path]:
    """Write a training set of images 4 and 9, of 20 x 10 pixels; return the root."""
    cv2 = pytest.importorskip("cv2")

    def write(annotations: list[dict[str, Any]]) -> Path:
        folder = tmp_path / "coco"
        (folder / "annotations").mkdir(parents=True, exist_ok=True)
        (folder / "train2017").mkdir(exist_ok=True)
        images = [
            {"id": number, "file_name": f"{number}.png", "width": 20, "height": 10}
            for number in (9, 4)
        ]
        categories = [{"id": 3, "name": "ring"}, {"id": 1, "name": "disc"}]
        data = {"images": images, "categories": categories, "annotations": annotations}
        path = folder / "annotations" / "instances_train2017.json"
        path.write_text(json.dumps(data))
        for image in images:
            pixels = np.zeros((10, 20, 3), np.uint8)
            assert cv2.imwrite(str(folder / "train2017" / image["file_name"]), pixels)
        return tmp_path

    return write


def coco_box_slowly(bbox: list[float]) -> list[float]:
    """The definition, for an image of 20 x 10 (zoo-spec 5.1)."""
    x, y, width, height = bbox
    x1, y1 = max(0, x), max(0, y)
    x2 = min(20 - 1, x1 + max(0, width - 1))
    y2 = min(10 - 1, y1 + max(0, height - 1))
    return [x1, y1, x2, y2]


@pytest.mark.parametrize(
    "bbox",
    [
        [2, 3, 5, 4],
        [0, 0, 20, 10],  # all of the image
        [15.5, 2.25, 9, 30],  # beyond the far edges
        [4, 5, 0.5, 1],  # thinner than a pixel: a line remains
        [-2, -1, 6, 5],
    ],
)
def test_a_coco_box_ends_on_its_last_pixel(
    write_coco_training: Callable[..., Path], bbox: list[float]
) -> None:
    (image,) = open_coco_training(write_coco_training([box(1, 4, bbox)])).images

    assert image.boxes_xyxy.tolist() == [coco_box_slowly(bbox)]
    assert image.boxes_xyxy.dtype == np.float32
    assert image.classes.tolist() == [1]  # the second id of the two, ascending
    assert image.path.name == "4.png"


def test_a_coco_box_worked_by_hand(write_coco_training: Callable[..., Path]) -> None:
    root = write_coco_training([box(1, 4, [2, 3, 5, 4])])

    assert open_coco_training(root).images[0].boxes_xyxy.tolist() == [[2, 3, 6, 6]]


@pytest.mark.parametrize(
    "left_out",
    [
        box(2, 9, [1, 1, 5, 5], iscrowd=1),
        box(2, 9, [1, 1, 5, 5], area=0),
        box(2, 9, [20, 1, 5, 5]),  # beyond the image: its far edge is clipped to 19
        box(2, 9, [1, 10.5, 5, 5]),
    ],
)
def test_what_is_no_coco_ground_truth_is_left_out_with_its_image(
    write_coco_training: Callable[..., Path], left_out: dict[str, Any]
) -> None:
    root = write_coco_training([left_out, box(1, 4, [1, 1, 5, 5], category_id=1)])

    found = open_coco_training(root)

    assert [image.path.name for image in found.images] == ["4.png"]
    assert found.listed_count == 2
    assert found.class_names == ("disc", "ring")


def test_a_small_area_and_the_last_pixel_are_kept(
    write_coco_training: Callable[..., Path],
) -> None:
    root = write_coco_training([box(1, 4, [19, 9, 5, 5], area=0.01)])

    assert open_coco_training(root).images[0].boxes_xyxy.tolist() == [[19, 9, 19, 9]]


def test_boxes_go_to_their_images_in_the_order_of_the_file(
    write_coco_training: Callable[..., Path],
) -> None:
    places = [(4, 7), (9, 5), (4, 3), (9, 1), (4, 2)]
    root = write_coco_training(
        [box(k, image, [x, 0, 3, 3]) for k, (image, x) in enumerate(places)]
    )

    found = open_coco_training(root).images

    assert [one.path.name for one in found] == ["4.png", "9.png"]
    assert [one.boxes_xyxy[:, 0].tolist() for one in found] == [[7, 3, 2], [5, 1]]


def test_a_missing_training_image_is_refused_by_name(
    write_coco_training: Callable[..., Path],
) -> None:
    root = write_coco_training([box(1, 4, [1, 1, 5, 5])])
    (root / "coco" / "train2017" / "9.png").unlink()

    with pytest.raises(
        DatasetMissing,
        match=r"1 of 2 training images are not there; expected all of them: another "
        r"set gives another model, got 9\.png: cannot be read; copy or fetch them",
    ):
        open_coco_training(root)


def test_annotations_without_any_object_are_refused(
    write_coco_training: Callable[..., Path],
) -> None:
    root = write_coco_training([box(1, 4, [1, 1, 5, 5], iscrowd=1)])

    with pytest.raises(
        DatasetInvalid,
        match="nothing to train on; expected an object in at least one image, "
        "got none in 2 images; give the annotations of the training set",
    ):
        open_coco_training(root)


def test_a_malformed_training_file_is_refused_as_one_of_the_validation_set(
    write_coco_training: Callable[..., Path],
) -> None:
    root = write_coco_training([box(1, 4, [1, 1, 5, -5])])

    with pytest.raises(
        DatasetInvalid,
        match=r"instances_train2017\.json: annotation 1: bbox; expected \[x, y, width",
    ):
        open_coco_training(root)


def test_a_validation_set_alone_is_no_training_set(tmp_path: Path) -> None:
    write_coco_scenes(tmp_path, seed=3, count=2)

    with pytest.raises(
        DatasetMissing,
        match="the COCO training set is not under the data root; expected "
        r".*instances_train2017\.json",
    ):
        open_coco_training(tmp_path)


@pytest.fixture
def write_voc_training(tmp_path: Path) -> Callable[..., Path]:
    """Write both years, an image of 12 x 8 in each; return the data root."""
    cv2 = pytest.importorskip("cv2")

    def write(**objects: str) -> Path:
        for year, name in (("2007", "000005"), ("2012", "2008_000002")):
            folder = tmp_path / "VOCdevkit" / f"VOC{year}"
            for part in ("ImageSets/Main", "Annotations", "JPEGImages"):
                (folder / part).mkdir(parents=True, exist_ok=True)
            (folder / "ImageSets/Main/trainval.txt").write_text(f"{name}\n")
            text = "<size><width>12</width><height>8</height></size>"
            text += objects.get(f"of_{year}", "")
            path = folder / "Annotations" / f"{name}.xml"
            path.write_text(f"<annotation>{text}</annotation>")
            pixels = np.zeros((8, 12, 3), np.uint8)
            assert cv2.imwrite(str(folder / "JPEGImages" / f"{name}.jpg"), pixels)
        return tmp_path

    return write


def voc_object(
    name: str, x1: float, y1: float, x2: float, y2: float, *, difficult: int = 0
) -> str:
    return (
        f"<object><name>{name}</name><difficult>{difficult}</difficult><bndbox>"
        f"<xmin>{x1}</xmin><ymin>{y1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax>"
        "</bndbox></object>"
    )


def test_both_years_of_voc_are_used_and_difficult_objects_too(
    write_voc_training: Callable[..., Path],
) -> None:
    root = write_voc_training(
        of_2007=voc_object("dog", 2, 3, 7, 6),
        of_2012=voc_object("cat", 1, 1, 12, 8, difficult=1),
    )

    first, second = open_voc_training(root).images

    assert [first.path.name, second.path.name] == ["000005.jpg", "2008_000002.jpg"]
    assert first.boxes_xyxy.tolist() == [[2, 3, 7, 6]]  # from pixel 1, not shifted
    assert second.boxes_xyxy.tolist() == [[1, 1, 11, 7]]  # the last pixel is 11, 7
    assert [first.classes.tolist(), second.classes.tolist()] == [[11], [7]]


@pytest.mark.parametrize(
    "of_2007", ["", voc_object("dog", 12, 1, 12, 5)], ids=["none", "beyond the edge"]
)
def test_a_voc_image_without_ground_truth_is_left_out(
    write_voc_training: Callable[..., Path], of_2007: str
) -> None:
    root = write_voc_training(of_2007=of_2007, of_2012=voc_object("cat", -3, 0, 5, 5))

    found = open_voc_training(root)

    assert [one.path.name for one in found.images] == ["2008_000002.jpg"]
    assert found.images[0].boxes_xyxy.tolist() == [[0, 0, 5, 5]]
    assert found.listed_count == 2


def test_a_year_that_is_not_there_is_refused(
    write_voc_training: Callable[..., Path],
) -> None:
    root = write_voc_training()
    (root / "VOCdevkit/VOC2012/ImageSets/Main/trainval.txt").unlink()

    with pytest.raises(
        DatasetMissing,
        match=r"the VOC set is not under the data root; expected .*VOC2012.*trainval",
    ):
        open_voc_training(root)


def drawn_truth(dataset: Dataset, index: int) -> tuple[list[int], np.ndarray]:
    """Classes and boxes of what training sets of seed 5 show."""
    if dataset.drawn_classes:
        scene = draw_scene(5, index)
        return scene.classes.tolist(), scene.boxes_xyxy
    side_px = TRAINING_SIDES_PX[index % 2]
    boxes = draw_face_scene(5, index, sides_px=(side_px,)).boxes_xywh
    return [0] * len(boxes), np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])


@pytest.mark.parametrize("name", TRAINED_ON)
@pytest.mark.parametrize("is_training_first", [True, False])
def test_drawn_training_and_validation_sets_lie_side_by_side(
    name: str, is_training_first: bool, tmp_path: Path
) -> None:
    dataset = DATASETS[name]
    assert dataset.draw_training is not None
    assert dataset.open_training is not None
    draws = [(dataset.draw, 4, 3), (dataset.draw_training, 5, 4)]
    for draw, seed, count in draws[:: -1 if is_training_first else 1]:
        told: list[tuple[int, int]] = []
        draw(
            tmp_path, seed=seed, count=count, report=lambda *one, t=told: t.append(one)
        )
        assert told == [(k + 1, count) for k in range(count)]

    trained_on = dataset.open_training(tmp_path)
    measured_on = dataset.open(tmp_path)

    assert (len(trained_on.images), measured_on.image_count) == (4, 3)
    assert trained_on.class_names == measured_on.class_names
    assert trained_on.class_names == (dataset.drawn_classes or ())
    assert {one.path for one in trained_on.images}.isdisjoint(
        one.path for one in measured_on.images
    )
    for index, image in enumerate(trained_on.images):
        classes, boxes_xyxy = drawn_truth(dataset, index)
        assert image.classes.tolist() == classes
        assert np.abs(image.boxes_xyxy - boxes_xyxy).max() <= 1


@pytest.mark.parametrize("name", TRAINED_ON)
def test_a_drawn_training_set_is_kept(name: str, tmp_path: Path) -> None:
    dataset = DATASETS[name]
    assert dataset.draw_training is not None
    assert dataset.open_training is not None
    dataset.draw_training(tmp_path, seed=5, count=2, report=lambda *one: None)
    before = dataset.open_training(tmp_path).fingerprint

    dataset.draw_training(tmp_path, seed=6, count=3, report=pytest.fail)

    assert dataset.open_training(tmp_path).fingerprint == before


@pytest.mark.parametrize("name", TRAINED_ON)
def test_a_drawing_that_is_stopped_leaves_what_was_there(
    name: str, tmp_path: Path
) -> None:
    dataset = DATASETS[name]
    assert dataset.draw_training is not None
    assert dataset.open_training is not None
    dataset.draw(tmp_path, seed=4, count=2, report=lambda *one: None)
    before = sorted(tmp_path.rglob("*"))

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dataset.draw_training(tmp_path, seed=5, count=2, report=stop)

    assert sorted(tmp_path.rglob("*")) == before
    with pytest.raises(DatasetMissing, match=re.escape("is not under the data root")):
        dataset.open_training(tmp_path)


def test_how_many_images_are_trained_on_is_logged(
    write_coco_training: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    root = write_coco_training([box(1, 4, [1, 1, 5, 5])])

    with caplog.at_level("INFO", logger="harness.dataset.training_set"):
        open_coco_training(root)

    assert "training on 1 of 2 images: those with ground truth" in caplog.messages


@pytest.fixture
def write_face_training(tmp_path: Path) -> Callable[..., Path]:
    """Write a list and its images, of 20 x 10 pixels; return the data root."""
    cv2 = pytest.importorskip("cv2")

    def write(images: dict[str, list[str]]) -> Path:
        lines = []
        for name, faces in images.items():
            lines += [f"{name}.jpg", str(len(faces)), *(faces or ["0 0 0 0 0 0"])]
            path = tmp_path / "WIDER_train" / "images" / f"{name}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(path), np.zeros((10, 20, 3), np.uint8))
        folder = tmp_path / "wider_face_split"
        folder.mkdir(exist_ok=True)
        (folder / "wider_face_train_bbx_gt.txt").write_text("\n".join(lines) + "\n")
        return tmp_path

    return write


def test_a_face_ends_beside_its_last_pixel_and_invalid_ones_are_faces(
    write_face_training: Callable[..., Path],
) -> None:
    faces = ["2 3 5 4 0 0 0 0 0 0", "1 1 9 9 2 0 0 1 2 0", "15 5 9 9 0 0 0 0 0 0"]
    (image,) = open_widerface_training(write_face_training({"0--P/a": faces})).images

    assert image.boxes_xyxy.tolist() == [[2, 3, 7, 7], [1, 1, 10, 10], [15, 5, 24, 14]]
    assert image.boxes_xyxy.dtype == np.float32
    assert (image.classes.tolist(), image.classes.dtype) == ([0, 0, 0], np.int32)
    assert image.path.name == "a.jpg"


def test_a_negative_side_of_a_face_counts_as_0(
    write_face_training: Callable[..., Path],
) -> None:
    faces = ["4 5 -3 2 0", "4 5 3 -2 0", "4 5 0 0 0"]
    (image,) = open_widerface_training(write_face_training({"0--P/a": faces})).images

    assert image.boxes_xyxy.tolist() == [[4, 5, 4, 7], [4, 5, 7, 5], [4, 5, 4, 5]]


def test_an_image_without_a_face_is_left_out(
    write_face_training: Callable[..., Path],
) -> None:
    found = open_widerface_training(
        write_face_training({"0--P/a": [], "1--Q/b": ["1 1 5 5 0"]})
    )

    assert [one.path.name for one in found.images] == ["b.jpg"]
    assert found.listed_count == 2
    assert found.class_names == ()


def test_another_byte_is_another_face_training_set(
    write_face_training: Callable[..., Path],
) -> None:
    root = write_face_training({"0--P/a": ["1 1 5 5 0"]})
    before = open_widerface_training(root).fingerprint
    write_face_training({"0--P/a": ["1 1 5 6 0"]})
    listed = open_widerface_training(root).fingerprint
    (root / "WIDER_train/images/0--P/a.jpg").write_bytes(b"another")

    assert len({before, listed, open_widerface_training(root).fingerprint}) == 3


def test_a_face_training_image_that_is_missing_is_refused_by_name(
    write_face_training: Callable[..., Path],
) -> None:
    root = write_face_training({"0--P/a": ["1 1 5 5 0"], "0--P/b": ["1 1 5 5 0"]})
    (root / "WIDER_train/images/0--P/b.jpg").unlink()

    with pytest.raises(
        DatasetMissing,
        match=r"^1 of 2 training images are not there; expected all of them: another "
        r"set gives another model, got 0--P/b\.jpg; copy or fetch them, or ",
    ):
        open_widerface_training(root)


def test_a_list_without_any_face_is_refused(
    write_face_training: Callable[..., Path],
) -> None:
    with pytest.raises(
        DatasetInvalid,
        match=r"^nothing to train on; expected a face in at least one image, got none "
        r"in 1 images; give the list of the training set$",
    ):
        open_widerface_training(write_face_training({"0--P/a": []}))


def test_a_malformed_list_of_faces_is_refused(
    write_face_training: Callable[..., Path],
) -> None:
    with pytest.raises(
        DatasetInvalid, match=r"wider_face_train_bbx_gt\.txt: line 3; expected x y w h"
    ):
        open_widerface_training(write_face_training({"0--P/a": ["1 1 5"]}))
