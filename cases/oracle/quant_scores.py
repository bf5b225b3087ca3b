"""Detections of the old runtime in, their AP by the harness's metrics out.

Runs on the modern side, after quant_pixels.py and the old runtime.

    quant_scores.py FOLDER RESULTS

FOLDER has the data root and the pixels; in RESULTS, each ``<model>_<kind>.json`` gets
``ap_pct`` by input size, from the detections of all pictures beside it.
"""

import json
import sys
from pathlib import Path

import numpy as np

from harness.dataset.datasets import DATASETS
from harness.values.detections import ImageDetections, join_images
from harness.evaluate.metrics import METRICS

DATASET = {"yolov3": "coco", "blazeface": "widerface"}
SUFFIX = "_all_detections.npz"


def main(folder: Path, results: Path) -> None:
    """Add the scores to every result."""
    for path in sorted(results.glob("*" + SUFFIX)):
        stem = path.name.removesuffix(SUFFIX)
        scores = score(folder, path, DATASET[stem.partition("_")[0]])
        document = results / f"{stem}.json"
        content = json.loads(document.read_text(encoding="utf-8"))
        content = {"about": content.pop("about"), "ap_pct": scores, **content}
        document.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def score(folder: Path, path: Path, dataset: str) -> dict[str, dict[str, float]]:
    """Return ``{input size: {metric: percent}}``."""
    opened = DATASETS[dataset].open(folder / "data-root")
    with np.load(path) as arrays:
        sizes = [key.partition("_")[2] for key in arrays if key.startswith("lengths_")]
        return {
            size: _score(arrays, size, opened, dataset)
            for size in sorted(sizes, reverse=True)
        }


def _score(arrays, size, opened, dataset):
    ends = np.cumsum(arrays[f"lengths_{size}"])[:-1]
    found = []
    pairs = zip(
        opened.images, np.split(arrays[f"detections_{size}"], ends), strict=True
    )
    for image, rows in pairs:
        boxes = rows[:, 2:]
        if dataset == "widerface":  # shares of the picture  # zoo-spec 1.7
            boxes = boxes * np.array([image.width_px, image.height_px] * 2, np.float32)
        found.append(
            ImageDetections(
                classes=rows[:, 0].astype(np.int32),
                scores=rows[:, 1],
                boxes_xyxy=boxes.astype(np.float32),
            )
        )
    detections = join_images([one.image_id for one in opened.images], found)
    scores = METRICS[dataset].score(detections, opened.truth)
    claimed = ("box_ap",) if dataset == "coco" else ("easy", "medium", "hard")
    return {name: scores[name] for name in claimed}


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
