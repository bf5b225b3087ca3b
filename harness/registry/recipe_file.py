"""Reads one recipe file: how an archive's weights are made, or why they are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ZooDataError, located
from harness.printable import printable
from harness.registry.block import Block, read_toml
from harness.registry.recipe_fields import (
    NAME,
    field_refusal,
    parse_recipe,
    parse_recipe_id,
)
from harness.values.recipes import CHAINS, Recipe, RecipeId

#: Architectures that can be pruned and taught, by a loss that has variants.
COMPRESSED = ("yolov3",)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeFile:
    """What one file of ``cases/recipes/<zoo>/`` says: one of the three last."""

    recipe_id: RecipeId
    recipe: Recipe | None = None
    same_as: RecipeId | None = None
    why_not: str | None = None

    @property
    def references(self) -> Mapping[str, RecipeId]:
        """The recipes that it needs, by the field that names them."""
        if self.same_as is not None:
            return {"same_as": self.same_as}
        if self.recipe is None:
            return {}
        taught = self.recipe.distillation
        named = {
            "start.recipe": self.recipe.start.recipe,
            "strategy.teacher": None if taught is None else taught.teacher,
        }
        return {field: one for field, one in named.items() if one is not None}


def read_recipe_file(path: Path, zoo: str) -> RecipeFile:
    """Return what ``<archive>.toml`` says.

    Raises:
        ZooDataError: it is no TOML, a field is missing, unknown or of the wrong kind,
            or two fields contradict each other.
    """
    recipe_id = RecipeId(zoo=zoo, name=path.stem)
    with located(path.parent.name):
        block = Block(read_toml(path))
        with located(path.name):
            if not NAME.fullmatch(path.stem):
                raise ZooDataError(
                    "name of the file",
                    expected="the name of an archive and .toml",
                    got=printable(repr(path.name)),
                )
            same_as = block.optional_text("same_as")
            why_not = block.optional_text("why_not")
            if same_as is not None or why_not is not None:
                block.finish()
                if same_as is not None and why_not is not None:
                    raise field_refusal(
                        "why_not", "no such field beside same_as", why_not
                    )
                if same_as is None:
                    return RecipeFile(recipe_id=recipe_id, why_not=why_not)
                named = parse_recipe_id(same_as, zoo, "same_as")
                return RecipeFile(recipe_id=recipe_id, same_as=named)
            recipe = parse_recipe(block, recipe_id)
            _check(recipe)
            return RecipeFile(recipe_id=recipe_id, recipe=recipe)


def _check(recipe: Recipe) -> None:
    """Refuse fields that contradict each other."""
    is_fine_grained = recipe.loss == "fine_grained"
    if is_fine_grained and recipe.is_label_smoothed:  # zoo-spec 4.4
        raise field_refusal(
            "loss.label_smoothing", "false: this loss smooths none", "true"
        )
    taught = recipe.distillation
    if taught is not None and (taught.kind == "split") != is_fine_grained:
        wanted = "fine_grained" if taught.kind == "split" else "ordinary"
        raise field_refusal(  # zoo-spec 4.3
            "loss.kind",
            f"{wanted}, which {taught.kind} distillation adds to",
            recipe.loss,
        )
    network = recipe.network
    if CHAINS[recipe.augmentation.chain] != network.pixels:
        seen = " or ".join(
            name for name, one in CHAINS.items() if one == network.pixels
        )
        raise field_refusal(
            "augmentation.chain",
            f"{seen}, whose pixels {network.backbone} sees",
            recipe.augmentation.chain,
        )
    if network.architecture not in COMPRESSED:
        _check_plain(recipe)


def _check_plain(recipe: Recipe) -> None:
    """Refuse what is known of YOLOv3 alone."""
    for field, got in (
        ("loss.kind", recipe.loss if recipe.loss != "ordinary" else None),
        ("loss.label_smoothing", "true" if recipe.is_label_smoothed else None),
        ("strategy.pruning", recipe.pruning),
        ("strategy.distillation", recipe.distillation and recipe.distillation.kind),
    ):
        if got is not None:
            raise field_refusal(
                field,
                f"no more than the ordinary loss of {recipe.network.architecture}",
                got,
            )
