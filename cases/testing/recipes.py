"""Writes recipes of zoos of one's own."""

import copy
from collections.abc import Mapping
from pathlib import Path

import tomli_w

URL = "https://weights.invalid/backbones/MobileNetV1_pretrained.tar"

#: A baseline on COCO, for the network of ``testing.rows.build_row``.
BASELINE: Mapping[str, object] = {
    "seed": 7,
    "network": {
        "architecture": "yolov3",
        "backbone": "mobilenet_v1",
        "num_classes": 80,
    },
    "start": {"url": URL},
    "data": {"dataset": "coco", "split": "train2017"},
    "augmentation": {"chain": "yolov3", "mixup_epochs": 250, "sizes_px": [320, 608]},
    "schedule": {
        "steps": 1000,
        "batch": 64,
        "base_rate": 0.001,
        "warmup_steps": 10,
        "milestones": [800, 900],
        "save_every_steps": 100,
    },
    "optimiser": {"momentum": 0.9, "weight_decay": 5e-4, "bn_momentum": 0.9},
    "loss": {"kind": "ordinary", "label_smoothing": True},
}


def recipe_fields(changes: Mapping[str, object] | None = None) -> dict[str, object]:
    """Return the baseline's fields with some changed; None leaves one out.

    Args:
        changes: ``"schedule.steps"`` -> its value, or ``"start"`` -> the whole table.
    """
    fields = copy.deepcopy(dict(BASELINE))
    for path, value in (changes or {}).items():
        *tables, key = path.split(".")
        inner = fields
        for table in tables:
            inner = inner.setdefault(table, {})  # type: ignore[assignment]
        if value is None:
            del inner[key]
        else:
            inner[key] = value
    return fields


def write_recipe(
    folder: Path, name: str, changes: Mapping[str, object] | None = None
) -> Path:
    """Write the baseline's recipe with some fields changed; see `recipe_fields`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.toml"
    path.write_text(tomli_w.dumps(recipe_fields(changes)), encoding="utf-8")
    return path
