"""Reads a recipe: how one set of weights is trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.errors import located
from harness.registry.block import Block, read_toml


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one set of weights is trained."""

    architecture: str  # key of TASKS
    backbone: str
    num_classes: int
    width: float
    pruning: str  # key of PRUNED_RATIOS: whose shapes the head has
    steps: int
    batch: int
    sizes_px: tuple[int, ...]  # one is drawn for every batch
    peak_rate: float
    warmup_steps: int
    bn_momentum: float
    clip_norm: float
    seed: int


def read_recipe(path: Path) -> Recipe:
    """Read ``cases/recipes/<name>.toml``.

    Raises:
        ZooDataError: a field is missing, unknown or of the wrong type, or the file
            cannot be read.
    """
    with located(path.parent):
        block = Block(read_toml(path))
    with located(path):
        recipe = Recipe(
            architecture=block.text("architecture"),
            backbone=block.text("backbone"),
            num_classes=block.whole("num_classes", at_least=1),
            width=float(block.decimal("width")),
            pruning=block.text("pruning"),
            steps=block.whole("steps", at_least=1),
            batch=block.whole("batch", at_least=1),
            sizes_px=block.wholes("sizes_px", at_least=1),
            peak_rate=float(block.decimal("peak_rate")),
            warmup_steps=block.whole("warmup_steps", at_least=0),
            bn_momentum=float(block.decimal("bn_momentum")),
            clip_norm=float(block.decimal("clip_norm")),
            seed=block.whole("seed", at_least=0),
        )
        block.finish()
    return recipe
