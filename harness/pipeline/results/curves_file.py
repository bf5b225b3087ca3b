"""Writes precision-recall curves as one JSON file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from harness.evaluate.curve import Curve
from harness.files.atomic import write_text
from harness.printable import printable_json


def write_curves(path: Path, curves: Iterable[Curve]) -> None:
    """Write a list of curves, numbers unrounded: one curve a line."""
    lines = [
        json.dumps(
            {
                "name": one.name,
                "size": one.size,
                "iou": one.iou,
                "ap_pct": one.ap_pct,
                "recall": one.recall.tolist(),
                "precision": one.precision.tolist(),
            },
            ensure_ascii=False,
            allow_nan=False,
        )
        for one in curves
    ]
    write_text(path, printable_json("[\n" + ",\n".join(lines) + "\n]\n"))
