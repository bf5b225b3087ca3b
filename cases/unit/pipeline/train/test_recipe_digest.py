"""A training is named by all that sets its weights, and by nothing else."""

from dataclasses import replace

import pytest

from harness.pipeline.train.recipe_digest import recipe_sha256, subject_sha256
from harness.train.manifest import OriginUsed
from harness.values.recipes import Recipe, RecipeId
from harness.values.schedules import schedule_at
from testing.toy_zoo import Toy

RUNTIME = {"paddle": "paddlepaddle 2.6.2", "device": "cpu"}


@pytest.fixture
def recipe(toy: Toy) -> Recipe:
    return toy.recipe()


def origin(**changes: object) -> OriginUsed:
    used = OriginUsed(
        role="start",
        archive="a",
        source="https://a.invalid/a.tar",
        sha256="1" * 64,
        size_bytes=5,
        taken=1,
        new=0,
        left=(),
    )
    return replace(used, **changes)  # type: ignore[arg-type]


def digest(recipe: Recipe, **changes: object) -> str:
    known = {
        "schedule": recipe.schedule,
        "seed": 7,
        "origins": [origin()],
        "training_fingerprint": "f",
        "runtime": RUNTIME,
    }
    return subject_sha256(recipe, **{**known, **changes})  # type: ignore[arg-type]


def test_the_name_of_a_recipe_sets_nothing(recipe: Recipe) -> None:
    other = replace(
        recipe,
        recipe_id=RecipeId(zoo="z", name="n"),
        same_as=(recipe.recipe_id,),
    )

    assert recipe_sha256(other) == recipe_sha256(recipe)
    assert digest(other) == digest(recipe)


def test_where_an_origin_came_from_sets_nothing(recipe: Recipe) -> None:
    elsewhere = origin(source="https://b.invalid/b.tar", archive="b")

    assert digest(recipe, origins=[elsewhere]) == digest(recipe)


def test_the_seed_of_the_recipe_gives_way_to_the_one_asked_for(recipe: Recipe) -> None:
    assert digest(replace(recipe, seed=9)) == digest(recipe)
    assert recipe_sha256(replace(recipe, seed=9)) != recipe_sha256(recipe)


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 8},
        {"origins": [origin(sha256="2" * 64)]},
        {"origins": [origin(role="teacher")]},
        {"origins": []},
        {"training_fingerprint": "g"},
        {"runtime": {**RUNTIME, "paddle": "paddlepaddle 3.3.0"}},
        {"runtime": {**RUNTIME, "device": "gpu"}},
    ],
)
def test_what_sets_the_weights_makes_another_training(
    recipe: Recipe, changes: dict[str, object]
) -> None:
    assert digest(recipe, **changes) != digest(recipe)


def test_another_batch_makes_another_training(recipe: Recipe) -> None:
    assert digest(recipe, schedule=schedule_at(recipe.schedule, 4)) != digest(recipe)


@pytest.mark.parametrize(
    "changes",
    [
        {"loss": "fine_grained"},
        {"is_label_smoothed": False},
        {"pruning": "prune_r578"},
        {"split": "trainval2007+2012"},
    ],
)
def test_another_field_makes_another_recipe_and_another_training(
    recipe: Recipe, changes: dict[str, object]
) -> None:
    other = replace(recipe, **changes)  # type: ignore[arg-type]

    assert recipe_sha256(other) != recipe_sha256(recipe)
    assert digest(other) != digest(recipe)
