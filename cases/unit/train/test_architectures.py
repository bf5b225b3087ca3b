"""What training is for each architecture, by the recipes of the project."""

from dataclasses import replace

import numpy as np
import pytest

from harness.model.detectors import architectures as model
from harness.model.networks.shapes import network_shapes
from harness.registry.location import find_home
from harness.registry.recipes import open_recipes
from harness.train.architectures import ARCHITECTURES, objective_of
from harness.train.face_losses import face_losses
from harness.train.initial import initial_weights
from harness.train.step import Objective, Step, TrainingState
from harness.values.recipes import RecipeId
from testing.training import training_batch


def demo_recipe(name):
    book = open_recipes("demo", home=find_home())
    return book.recipes[RecipeId(zoo="demo", name=name)]


RECIPES = {
    "yolov3": demo_recipe("demo_yolov3_mobilenet_v1"),
    "blazeface": demo_recipe("demo_blazeface_nas"),
}


def network_of(recipe, *, width, pruning="none"):
    narrow = replace(recipe.network, width=width)
    return ARCHITECTURES[narrow.architecture].network(narrow, pruning)


def test_what_is_measured_can_be_trained():
    assert ARCHITECTURES.keys() == model.ARCHITECTURES.keys() == RECIPES.keys()


@pytest.mark.parametrize("name", RECIPES)
def test_six_steps_push_every_variable_and_stay_finite(name):
    recipe = RECIPES[name]
    network = network_of(recipe, width=1 / 8 if name == "yolov3" else 1 / 2)
    initial = initial_weights(network_shapes(network), num_classes=5, seed=3)
    step = Step(
        network,
        TrainingState(weights=initial, velocities={}),
        objective_of(recipe),
        momentum=recipe.optimiser.momentum,
        decay=recipe.optimiser.weight_decay,
        bn_momentum=recipe.optimiser.bn_momentum,
        clip_norm=recipe.optimiser.clip_norm,
    )

    batches = [training_batch(seed=one, num_classes=5) for one in range(6)]
    losses = [step.run(one, 1e-3).loss for one in batches]

    state = step.state()
    assert np.isfinite(losses).all()
    assert state.weights.keys() == initial.keys()
    for variable, value in state.weights.items():
        assert np.isfinite(value).all(), variable
        if variable in state.velocities:  # a small push may leave a float32 of 1
            assert state.velocities[variable].any(), variable
        else:
            assert not np.array_equal(value, initial[variable]), variable


def test_a_pruned_network_is_trained_in_its_own_shapes():
    network = network_of(RECIPES["yolov3"], width=1 / 8, pruning="prune_r578")

    assert network.head_channels["yolo_block.0.0.0"] == 32


def test_the_objective_is_what_the_recipe_says():
    recipe = RECIPES["yolov3"]

    assert objective_of(recipe) == Objective(num_classes=5)
    assert objective_of(replace(recipe, is_label_smoothed=True)) == Objective(
        num_classes=5, label_smooth=True
    )
    assert objective_of(replace(recipe, loss="fine_grained")) == Objective(
        num_classes=5, is_fine_grained=True
    )
    assert objective_of(RECIPES["blazeface"]) is face_losses
