"""The figures of a trained network are those of the row that shows it."""

from dataclasses import replace

import pytest

from harness.model.detectors.architectures import structure_of_row
from harness.pipeline.train.trained_figures import figures_of, measured_row, shown_px
from testing.toy_zoo import BASELINE, PRUNED, Toy


def test_figures_are_those_of_the_row(toy: Toy) -> None:
    toy.write("toy_pruned", strategy={"pruning": "prune_r578"})
    for name, row_id in (("toy", BASELINE), ("toy_pruned", PRUNED)):
        structure = structure_of_row(toy.zoo.row(row_id))
        figures = figures_of(toy.recipe(name), input_px=64)

        assert figures.gflops == structure.gflops
        assert figures.folder_mib == structure.folder_mib


@pytest.mark.parametrize(("asked", "px"), [("", 96), (BASELINE, 64), ("large", 96)])
def test_the_row_that_was_asked_for_shows_it_or_the_largest(
    toy: Toy, asked: str, px: int
) -> None:
    zoo = toy.zoo
    large = replace(zoo.row(BASELINE), row_id="large", input_px=96)
    zoo = replace(zoo, rows=(*zoo.rows, large))
    row = measured_row(zoo, toy.recipe(), asked)

    assert row is not None
    assert shown_px(toy.recipe(), row) == px


def test_a_network_without_a_row_is_shown_at_its_largest_size(toy: Toy) -> None:
    toy.write("teacher", augmentation__sizes_px=[96, 128, 64])
    recipe = toy.recipe("teacher")

    assert measured_row(toy.zoo, recipe) is None
    assert shown_px(recipe, None) == 128
