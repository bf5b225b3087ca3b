"""Computes the figures of a network that a recipe trains, at the size of its rows."""

from __future__ import annotations

from dataclasses import dataclass

from harness.model.networks.shapes import network_shapes
from harness.model.networks.structure import structure_of
from harness.pipeline.train.trained_network import build_network
from harness.values.recipes import Recipe
from harness.values.rows import Row, Zoo


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedFigures:
    """What a network is made of at one input size, as documents print it."""

    input_px: int
    gflops: float
    folder_mib: float  # of the unpacked archive


def figures_of(recipe: Recipe, *, input_px: int) -> TrainedFigures:
    """Return the figures of a recipe's network, pruned if the recipe prunes."""
    structure = structure_of(
        network_shapes(build_network(recipe.network, recipe.pruning)),
        input_px=input_px,
        keeps_float=False,
    )
    return TrainedFigures(
        input_px=input_px,
        gflops=structure.gflops,
        folder_mib=structure.folder_mib,
    )


def measured_row(zoo: Zoo, recipe: Recipe, row_id: str = "") -> Row | None:
    """Return the row of a recipe's archive: the one asked for, else the largest.

    None for an archive that is that of no row, as a teacher's may be.
    """
    rows = [one for one in zoo.rows if one.archive == recipe.recipe_id.name]
    return max(rows, key=lambda one: (one.row_id == row_id, one.input_px), default=None)


def shown_px(recipe: Recipe, row: Row | None) -> int:
    """Return the input size at which a recipe's network is shown."""
    return max(recipe.augmentation.sizes_px) if row is None else row.input_px
