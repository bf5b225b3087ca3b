"""Detections may change only together with ``DETECTION_REVISION``.

The golden holds what the tiny archive finds, from pixels to boxes, and the revision it
was made at. When it is to be made again, the failing test has written the new one and
says where: copy it over the old.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from harness.dataset.drawn.scenes import draw_scene
from harness.dataset.resize import resize_cubic
from harness.model.boxes.object_finding import ObjectDetector, objects_of_heads
from harness.model.boxes.revision import DETECTION_REVISION

GOLDEN = Path(__file__).parents[1] / "data" / "model" / "detections.json"
#: Kernels of another processor move scores by 1e-5 and boxes by 0.002 px (measured).
SCORE = 1e-3
BOX_PX = 0.5
SCENE = (99, 0)


def find_all(heads, golden_images):
    """Rows ``[K, 6]`` of each picture: class, score, x1, y1, x2, y2."""
    pictures = {}
    for input_px in (96, 64):
        images = golden_images[f"images_{input_px}"]
        sizes_hw = golden_images[f"im_size_{input_px}"]
        scene = draw_scene(*SCENE).rgb
        images = np.concatenate([images, resize_cubic(scene, input_px)[None]])
        sizes_hw = np.concatenate([sizes_hw, [scene.shape[:2]]]).astype(np.int32)
        found = ObjectDetector(
            find=objects_of_heads(heads), backbone="mobilenet_v1", input_px=input_px
        ).detect(images, sizes_hw)
        for place, one in enumerate(found):
            rows = np.column_stack([one.classes, one.scores, one.boxes_xyxy])
            pictures[f"{input_px}/{place}"] = rows
    return pictures


def complaint(golden, found, unmatched_rows, *, revision):
    """Say what is wrong between code and golden, or nothing."""
    differing = {}
    for name in sorted(found.keys() | golden["pictures"].keys()):
        extra, missing = unmatched_rows(
            found.get(name, np.zeros((0, 6))),
            np.reshape(golden["pictures"].get(name, []), (-1, 6)),
            score=SCORE,
            box_px=BOX_PX,
        )
        if extra or missing:
            differing[name] = f"{name}: {len(extra)} new, {len(missing)} gone"
    if differing and golden["revision"] == revision:
        return (
            f"detections changed ({'; '.join(differing.values())}) and "
            f"DETECTION_REVISION is still {revision}: stores would mix old and new. "
            f"Bump it in harness/model/boxes/revision.py, then make {GOLDEN.name} again"
        )
    if golden["revision"] != revision:
        return (
            f"{GOLDEN.name} is of revision {golden['revision']}, the code of "
            f"{revision}: make it again"
        )
    return ""


def write_golden(found, path):
    pictures = {
        name: [[int(row[0]), *(round(one, 4) for one in row[1:])] for row in rows]
        for name, rows in ((name, rows.tolist()) for name, rows in found.items())
    }
    lines = [
        f"  {json.dumps(name)}: [\n   "
        + ",\n   ".join(json.dumps(row) for row in rows)
        + "\n  ]"
        for name, rows in pictures.items()
    ]
    path.write_text(
        f'{{\n "revision": {DETECTION_REVISION},\n "pictures": {{\n'
        + ",\n".join(lines)
        + "\n }\n}\n"
    )


@pytest.fixture(scope="module")
def found(tiny_opened, built_heads, tiny_golden):
    return find_all(built_heads("tiny", tiny_opened), tiny_golden)


def test_detections_change_only_with_their_revision(found, unmatched_rows, tmp_path):
    golden = json.loads(GOLDEN.read_text())
    write_golden(found, tmp_path / GOLDEN.name)

    text = complaint(golden, found, unmatched_rows, revision=DETECTION_REVISION)

    assert text == "", f"what the code finds is in {tmp_path / GOLDEN.name}"


def test_what_is_written_is_read_back(found, unmatched_rows, tmp_path):
    write_golden(found, tmp_path / "new.json")

    golden = json.loads((tmp_path / "new.json").read_text())
    assert complaint(golden, found, unmatched_rows, revision=DETECTION_REVISION) == ""


def golden_of(found, revision=3):
    return {
        "revision": revision,
        "pictures": {name: rows.tolist() for name, rows in found.items()},
    }


def moved(found, column, by):
    changed = {name: rows.copy() for name, rows in found.items()}
    changed["96/0"][0, column] += by
    return changed


@pytest.mark.parametrize(("column", "by"), [(0, 1), (1, 0.002), (2, 1), (5, -1)])
def test_a_change_without_a_bump_asks_for_one(found, unmatched_rows, column, by):
    text = complaint(
        golden_of(found), moved(found, column, by), unmatched_rows, revision=3
    )

    assert "96/0: 1 new, 1 gone" in text
    assert "DETECTION_REVISION is still 3" in text
    assert "Bump it in harness/model/boxes/revision.py" in text


def test_a_picture_that_finds_fewer_asks_for_a_bump_too(found, unmatched_rows):
    fewer = {**found, "64/1": found["64/1"][:-1]}

    text = complaint(golden_of(found), fewer, unmatched_rows, revision=3)

    assert "64/1: 0 new, 1 gone" in text


@pytest.mark.parametrize("by", [0, 1])
def test_a_bump_asks_for_a_new_golden(found, unmatched_rows, by):
    text = complaint(golden_of(found), moved(found, 0, by), unmatched_rows, revision=4)

    assert text == "detections.json is of revision 3, the code of 4: make it again"


@pytest.mark.parametrize(("column", "by"), [(1, 1e-5), (2, 0.01)])
def test_what_another_processor_does_is_no_change(found, unmatched_rows, column, by):
    slightly = moved(found, column, by)

    assert complaint(golden_of(found), slightly, unmatched_rows, revision=3) == ""
