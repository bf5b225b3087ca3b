"""How a network is trained, as frozen values.

``harness.registry.recipes`` makes them from TOML, training follows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.values.datasets import PUBLISHED_DATASETS
from harness.values.rows import Archive
from harness.values.schedules import Schedule

#: Dataset of rows -> the parts of it that networks learn from.
TRAINING_SPLITS: Mapping[str, tuple[str, ...]] = {
    name: published.trained_on
    for name, published in PUBLISHED_DATASETS.items()
    if published.trained_on
}

#: How bytes reach a network: divided by 255 or not, or as a face network has them.
Pixels: TypeAlias = Literal["scaled", "unscaled", "faces"]

#: Chain of augmentation -> the pixels that it makes.  # zoo-spec 1.7, 5.1, 5.4
CHAINS: Mapping[str, Pixels] = {
    "yolov3": "scaled",
    "yolov3_obj365": "unscaled",
    "drawn": "scaled",
    "faces": "faces",
}

#: How a loss is computed; the fine-grained one smooths no labels.  # zoo-spec 4.4
LOSSES = ("ordinary", "fine_grained")

#: How a student is held to its teacher.  # zoo-spec 4.3
DISTILLATIONS = ("l2", "split")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class RecipeId:
    """The name of a recipe; it is that of the archive that it makes."""

    zoo: str
    name: str

    def __str__(self) -> str:
        """Return ``january-2020/yolov3_r34``."""
        return f"{self.zoo}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedNetwork:
    """The network that a recipe trains, before any pruning."""

    architecture: str
    backbone: str
    num_classes: int
    width: float  # channel multiplier; 1 for every published network

    @property
    def pixels(self) -> Pixels:
        """What it sees."""  # zoo-spec 0.6, 1.7
        if self.architecture == "blazeface":
            return "faces"
        return "unscaled" if self.backbone.endswith("_obj365") else "scaled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where the first weights come from: exactly one of these."""

    url: str | None = None  # of weights that no recipe makes, as of a backbone
    recipe: RecipeId | None = None  # the network that it makes, published or trained
    archive: str | None = None  # Archive.name of the same zoo
    is_random: bool = False  # no weights at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """What is done to images before the network sees them."""

    chain: str  # key of CHAINS
    mixup_epochs: int  # two images are blended in so many first epochs; 0 for never
    sizes_px: tuple[int, ...]  # one is drawn for each batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimiser:
    """How gradients become steps: Momentum, as every published row's."""

    momentum: float
    weight_decay: float  # of convolution weights alone  # zoo-spec 5.1
    bn_momentum: float  # share of the running statistics that a step keeps
    clip_norm: float | None  # None: gradients are taken as they are


@dataclass(frozen=True, slots=True, kw_only=True)
class Distillation:
    """What a student learns from a teacher."""

    kind: str  # of DISTILLATIONS
    teacher: RecipeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one archive's weights are made."""

    recipe_id: RecipeId
    #: Those that it is the same as, nearest first: the last one's file says it all.
    same_as: tuple[RecipeId, ...]
    network: TrainedNetwork
    start: Start
    dataset: str  # of TRAINING_SPLITS
    split: str
    augmentation: Augmentation
    schedule: Schedule
    optimiser: Optimiser
    loss: str  # of LOSSES
    is_label_smoothed: bool
    pruning: str | None  # as rows call it: "prune_r578"
    distillation: Distillation | None
    seed: int

    @property
    def strategy(self) -> str:
        """The strategy of the rows; that of a pruned student names its pruning."""
        if self.distillation is None:
            return self.pruning or "baseline"
        return f"distill_{self.pruning or self.distillation.kind}"

    @property
    def names(self) -> tuple[RecipeId, ...]:
        """Its own name, then of those that it is the same as."""
        return (self.recipe_id, *self.same_as)

    @property
    def home_zoo(self) -> str:
        """The zoo whose file says it all, and has the archive that it starts from."""
        return self.names[-1].zoo


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Weights that a training needs before its first step.

    The archive is taken where a source serves it; else the recipe makes them. One of
    the two is always known.
    """

    role: Literal["start", "teacher"]
    zoo: str  # whose lock pins the archive
    archive: Archive | None
    recipe: RecipeId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeBook:
    """The recipes of a zoo, and all that these refer to in others."""

    zoo: str
    recipes: Mapping[RecipeId, Recipe]
    #: Archives of this zoo without a recipe -> why they have none.
    refusals: Mapping[str, str]
    #: Archives that publish what a recipe makes, each with its moves and its pin.
    published: Mapping[RecipeId, Archive]
    #: Zoo and printed address -> weights that no recipe makes; zoo and name likewise.
    by_url: Mapping[tuple[str, str], Archive]
    by_name: Mapping[tuple[str, str], Archive]

    @property
    def own(self) -> tuple[Recipe, ...]:
        """The recipes of the zoo itself, by name."""
        chosen = (one for one in self.recipes if one.zoo == self.zoo)
        return tuple(self.recipes[one] for one in sorted(chosen))

    def origins_of(self, recipe: Recipe) -> tuple[Origin, ...]:
        """Return what a training needs: its start, then its teacher.

        A random start needs nothing.
        """
        start, home = recipe.start, recipe.home_zoo
        origins = []
        if start.recipe is not None:
            origins.append(self._made_by(start.recipe, "start"))
        elif not start.is_random:
            archive = (
                self.by_url[home, start.url]
                if start.url is not None
                else self.by_name[home, start.archive or ""]
            )
            origins.append(Origin(role="start", zoo=home, archive=archive, recipe=None))
        if recipe.distillation is not None:
            origins.append(self._made_by(recipe.distillation.teacher, "teacher"))
        return tuple(origins)

    def archives_of(self, recipe: Recipe) -> tuple[Archive, ...]:
        """Return the archives to fetch before a training, each once."""
        archives = (one.archive for one in self.origins_of(recipe))
        return tuple(dict.fromkeys(one for one in archives if one is not None))

    def _made_by(
        self, recipe_id: RecipeId, role: Literal["start", "teacher"]
    ) -> Origin:
        names = self.recipes[recipe_id].names
        printed = next((one for one in names if one in self.published), None)
        return Origin(
            role=role,
            zoo=(printed or recipe_id).zoo,
            archive=None if printed is None else self.published[printed],
            recipe=recipe_id,
        )
