"""Builds recipes of networks that take milliseconds."""

from dataclasses import replace
from typing import Any

from harness.values.recipes import (
    Augmentation,
    Distillation,
    Optimiser,
    Recipe,
    RecipeId,
    Start,
    TrainedNetwork,
)
from harness.values.schedules import Schedule

TINY = Recipe(
    recipe_id=RecipeId(zoo="mine", name="tiny"),
    same_as=(),
    network=TrainedNetwork(
        architecture="yolov3", backbone="mobilenet_v1", num_classes=3, width=0.0625
    ),
    start=Start(is_random=True),
    dataset="coco",
    split="train2017",
    augmentation=Augmentation(chain="yolov3", mixup_epochs=2, sizes_px=(64, 96)),
    schedule=Schedule(
        steps=1000,
        batch=4,
        base_rate=0.001,
        warmup_steps=10,
        milestones=(800, 900),
        save_every_steps=100,
    ),
    optimiser=Optimiser(
        momentum=0.9, weight_decay=5e-4, bn_momentum=0.9, clip_norm=None
    ),
    loss="ordinary",
    is_label_smoothed=True,
    pruning=None,
    distillation=None,
    seed=7,
)

#: The same network pruned, and taught by what it was.
TAUGHT = replace(
    TINY,
    recipe_id=replace(TINY.recipe_id, name="taught"),
    pruning="prune_r578",
    distillation=Distillation(kind="split", teacher=TINY.recipe_id),
    loss="fine_grained",
    is_label_smoothed=False,
)


def with_sizes(recipe: Recipe, *sizes_px: int, **changes: Any) -> Recipe:
    """Return a recipe with other sizes, and what else changes."""
    augmentation = replace(recipe.augmentation, sizes_px=sizes_px)
    return replace(recipe, augmentation=augmentation, **changes)
