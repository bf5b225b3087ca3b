from dataclasses import asdict
from pathlib import Path

import pytest
import tomli_w

from harness.errors import ZooDataError
from harness.model.detectors.architectures import ARCHITECTURES
from harness.model.networks.pruned_channels import PRUNED_RATIOS
from harness.model.networks.shapes import network_shapes
from harness.train.recipe import read_recipe
from harness.train.tasks import TASKS

RECIPES = Path(__file__).parents[2] / "recipes"


@pytest.fixture
def write(tmp_path, recipe):
    """Write the recipe with some fields changed; None leaves one out."""

    def write_with(**changed):
        values = {**asdict(recipe), "sizes_px": list(recipe.sizes_px), **changed}
        path = tmp_path / "demo.toml"
        kept = {name: one for name, one in values.items() if one is not None}
        path.write_text(tomli_w.dumps(kept))
        return path

    return write_with


def test_a_recipe_is_read_as_it_was_written(write, recipe):
    assert read_recipe(write()) == recipe


def test_a_whole_number_will_do_for_a_number(write):
    assert read_recipe(write(width=1)).width == 1


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda p: p.stem)
def test_every_recipe_of_the_project_can_be_followed(path):
    recipe = read_recipe(path)

    assert recipe.backbone in ARCHITECTURES[recipe.architecture].backbones
    assert network_shapes(TASKS[recipe.architecture](recipe).network).variables
    assert recipe.pruning in PRUNED_RATIOS
    assert all(size % 32 == 0 for size in recipe.sizes_px)
    assert 0 <= recipe.warmup_steps < recipe.steps


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seed": None}, "field seed; expected a whole number from 0, got nothing"),
        ({"moon": 3}, "unknown field; expected architecture, .*seed, got moon"),
        ({"steps": "many"}, "field steps; expected a whole number from 1, got 'many'"),
        ({"steps": True}, "field steps; expected a whole number from 1, got True"),
        ({"steps": 1.5}, r"field steps; expected a whole number from 1, got 1\.5"),
        ({"steps": 0}, "field steps; expected a whole number from 1, got 0"),
        ({"peak_rate": "low"}, "field peak_rate; expected a number from 0, got 'low'"),
        ({"peak_rate": float("nan")}, "field peak_rate; expected a number from 0, got"),
        ({"backbone": 34}, "field backbone; expected a text, got 34"),
        ({"sizes_px": 64}, "field sizes_px; expected a list of whole numbers from 1,"),
        ({"sizes_px": [64, 1.5]}, "field sizes_px; expected a list of whole numbers"),
        ({"sizes_px": [True]}, "field sizes_px; expected a list of whole numbers"),
        ({"sizes_px": []}, "field sizes_px; expected a list of whole numbers"),
    ],
)
def test_a_malformed_recipe_names_the_field(write, changed, message):
    with pytest.raises(ZooDataError, match=f"demo.toml: {message}"):
        read_recipe(write(**changed))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"steps = ", "not readable as TOML; expected TOML in UTF-8, got .+"),
        (b"\xff\xfe", "not readable as TOML; expected TOML in UTF-8, got .+"),
        (None, "expected TOML in UTF-8, got No such file or directory"),
    ],
)
def test_what_is_no_toml_is_refused(tmp_path, content, message):
    path = tmp_path / "demo.toml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ZooDataError, match=f"demo.toml: .*{message}"):
        read_recipe(path)
