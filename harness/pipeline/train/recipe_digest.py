"""Names a recipe, and a training by it, by all that sets what comes out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from harness.train.manifest import OriginUsed
from harness.values.recipes import Recipe
from harness.values.schedules import Schedule

#: A change of how a recipe is followed: the chain, the losses, the step. Raised by
#: hand, as ``DETECTION_REVISION`` is, so that no training goes on by other code.
TRAINING_REVISION = 1

#: What a recipe is called, which sets nothing.
_NAMES = ("recipe_id", "same_as")


def recipe_fields(recipe: Recipe) -> dict[str, Any]:
    """Return what a recipe says, without its name, as plain data."""
    fields = {key: one for key, one in asdict(recipe).items() if key not in _NAMES}
    if recipe.start.recipe is not None:
        fields["start"]["recipe"] = str(recipe.start.recipe)
    if recipe.distillation is not None:
        fields["distillation"]["teacher"] = str(recipe.distillation.teacher)
    plain: dict[str, Any] = json.loads(json.dumps(fields))  # tuples as lists
    return plain


def recipe_sha256(recipe: Recipe) -> str:
    """Return the digest of what a recipe says."""
    return _sha256(recipe_fields(recipe))


def subject_sha256(
    recipe: Recipe,
    schedule: Schedule,
    *,
    seed: int,
    origins: Sequence[OriginUsed],
    training_fingerprint: str,
    runtime: Mapping[str, str],
) -> str:
    """Return the digest of everything that sets the weights after each step.

    How many steps are asked for sets none of them: a training goes on where a shorter
    one ended.

    Args:
        recipe: that is followed. Origins count by their bytes, not by their names.
        schedule: the recipe's, for the batch.
        seed: of the samples and of what is drawn anew.
        origins: what the training starts from, and its teacher.
        training_fingerprint: of the training set.
        runtime: what computes. A training that goes on elsewhere is another one.
    """
    fields = recipe_fields(recipe)
    del fields["start"], fields["seed"]
    if fields["distillation"] is not None:
        del fields["distillation"]["teacher"]
    return _sha256(
        {
            "revision": TRAINING_REVISION,
            "recipe": {**fields, "schedule": asdict(schedule)},
            "seed": seed,
            "origins": [[one.role, one.sha256] for one in origins],
            "training_set": training_fingerprint,
            "runtime": dict(runtime),
        }
    )


def _sha256(data: object) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
