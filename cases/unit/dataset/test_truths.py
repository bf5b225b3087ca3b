import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.dataset.coco import ANNOTATIONS, coco_truth, coco_truth_of, open_coco
from harness.dataset.voc import voc_truth
from harness.dataset.widerface import widerface_truth
from harness.dataset.widerface_files import write_ground_truth
from harness.errors import DatasetInvalid, DatasetMissing
from harness.values.truth import FaceTruth


def test_coco_s_truth_is_the_reader_s(
    write_coco: Callable[..., Path], coco_data: dict[str, Any]
) -> None:
    root = write_coco(coco_data)
    expected = open_coco(root).truth.sha256()
    shutil.rmtree(root / "coco" / "val2017")

    assert coco_truth(root).sha256() == expected
    assert coco_truth_of(root / ANNOTATIONS).sha256() == expected


def test_a_missing_annotation_file_says_how_to_name_it(tmp_path: Path) -> None:
    with pytest.raises(
        DatasetMissing,
        match=r"no annotations to score against; expected .*instances_val2017\.json, "
        r"got no such file; give --data-root DIR, or --truth FILE",
    ):
        coco_truth(tmp_path)


def test_a_malformed_annotation_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    path.write_text("[]")

    with pytest.raises(
        DatasetInvalid, match=r"truth\.json: not a COCO annotation file"
    ):
        coco_truth_of(path)


def test_voc_s_truth_needs_no_image(tmp_path: Path) -> None:
    folder = tmp_path / "VOCdevkit" / "VOC2007"
    (folder / "ImageSets" / "Main").mkdir(parents=True)
    (folder / "Annotations").mkdir()
    (folder / "ImageSets" / "Main" / "test.txt").write_text("000002\n000001\n")
    for name in ("000001", "000002"):
        (folder / "Annotations" / f"{name}.xml").write_text(
            "<annotation><size><width>12</width><height>8</height></size><object>"
            "<name>dog</name><difficult>0</difficult><bndbox><xmin>1</xmin>"
            f"<ymin>1</ymin><xmax>{name[-1]}</xmax><ymax>8</ymax></bndbox></object>"
            "</annotation>"
        )
    truth = voc_truth(tmp_path)

    assert truth.image_names.tolist() == ["000002", "000001"]
    assert truth.boxes_xyxy.tolist() == [[1, 1, 2, 8], [1, 1, 1, 8]]


def test_voc_without_its_list_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DatasetMissing, match=r"test\.txt"):
        voc_truth(tmp_path)


def test_faces_need_no_image(tmp_path: Path) -> None:
    truth = FaceTruth(
        image_ids=np.array([0, 1]),
        image_names=np.array(["0--Parade/a", "1--Run/b"]),
        box_image_ids=np.array([0, 1]),
        boxes_xywh=np.array([[1.0, 2, 30, 40], [5, 6, 7, 8]]),
        is_easy=np.array([True, False]),
        is_medium=np.array([True, False]),
        is_hard=np.array([True, True]),
    )
    write_ground_truth(tmp_path / "wider_face_split", truth)

    assert widerface_truth(tmp_path).sha256() == truth.sha256()
