import json
from pathlib import Path

import numpy as np

from harness.evaluate.curve import Curve
from harness.pipeline.results.curves_file import write_curves


def test_curves_are_written_unrounded(tmp_path: Path) -> None:
    curve = Curve(
        name="chat, 猫",
        iou=0.5,
        ap_pct=100 / 3,
        recall=np.array([1 / 3, 1.0]),
        precision=np.array([1.0, 2 / 3]),
    )
    path = tmp_path / "curves.json"
    write_curves(path, [curve, curve])

    first, second = json.loads(path.read_text(encoding="utf-8"))
    assert first == second
    assert first == {
        "name": "chat, 猫",
        "size": "all",
        "iou": 0.5,
        "ap_pct": 100 / 3,
        "recall": [1 / 3, 1.0],
        "precision": [1.0, 2 / 3],
    }


def test_no_curves_are_an_empty_list(tmp_path: Path) -> None:
    write_curves(tmp_path / "curves.json", [])

    assert json.loads((tmp_path / "curves.json").read_text()) == []
