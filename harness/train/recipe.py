"""Reads a recipe: how one set of weights is trained."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from harness.errors import ZooDataError, located


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
        ZooDataError: a field is missing, unknown or of the wrong type.
    """
    with located(path):
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ZooDataError("not a recipe", got=str(error)) from error
        names = {one.name for one in fields(Recipe)}
        if set(data) != names:
            raise ZooDataError(
                "fields",
                expected=", ".join(sorted(names)),
                got=", ".join(sorted(data)),
            )
        return Recipe(**{name: _field(name, data[name]) for name in names})


def _field(name: str, value: Any) -> Any:
    kind = {one.name: one.type for one in fields(Recipe)}[name]
    with located(name):
        if kind == "tuple[int, ...]":
            is_list = isinstance(value, list) and value
            if not is_list or not all(type(one) is int for one in value):  # no bool
                raise ZooDataError("type", expected="a list of integers", got=value)
            return tuple(value)
        wanted = {"str": (str,), "int": (int,), "float": (float, int)}[str(kind)]
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise ZooDataError("type", expected=kind, got=repr(value))
        return value
