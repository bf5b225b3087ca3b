"""A zoo of one's own with tiny networks, recipes of a few steps, and drawn images."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.artifact.pack import pack_tar
from harness.dataset.drawn.coco_scenes import (
    write_coco_scenes,
    write_coco_training_scenes,
)
from harness.model.layouts.separate_files import write_weights
from harness.model.networks.shapes import network_shapes
from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.watcher import Watcher
from harness.pipeline.train.asked import Asked
from harness.pipeline.train.opened_training import (
    OpenedTraining,
    Scoring,
    open_training,
)
from harness.pipeline.train.packed_training import Trained
from harness.pipeline.train.trained import train_recipe
from harness.pipeline.train.trained_network import build_network
from harness.registry.recipes import open_recipes
from harness.registry.zoo import open_zoo
from harness.train.initial import initial_weights
from harness.values.recipes import Recipe, RecipeBook, RecipeId, TrainedNetwork
from harness.values.rows import Zoo
from testing.recipes import write_recipe
from testing.rows import build_row
from testing.zoos import write_zoo

BASELINE = "yolov3-mobilenet_v1-coco-baseline-64"
PRUNED = "yolov3-mobilenet_v1-coco-prune_r578-64"
ROWS = tuple(
    build_row(row_id, archive=archive, num_classes=5, width=0.0625)
    for row_id, archive in ((BASELINE, "toy"), (PRUNED, "toy_pruned"))
)
#: A training of six steps, that keeps a checkpoint after every second.
TOY: Mapping[str, object] = {
    "network.num_classes": 5,
    "network.width": 0.0625,
    "start": {"random": True},
    "augmentation.sizes_px": [64],
    "augmentation.mixup_epochs": 1,
    "schedule": {
        "steps": 6,
        "batch": 2,
        "base_rate": 0.001,
        "warmup_steps": 1,
        "milestones": [4],
        "save_every_steps": 2,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Toy:
    """The zoo, where its things are, and what was told."""

    home: Path
    folder: Path
    settings: Settings
    told: list[str]

    @property
    def zoo(self) -> Zoo:
        return open_zoo(str(self.folder), home=self.home)

    @property
    def book(self) -> RecipeBook:
        return open_recipes(str(self.folder), home=self.home)

    @property
    def mirror(self) -> Path:
        return Path(self.settings.mirror or "")

    @property
    def watcher(self) -> Watcher:
        return Watcher(noting=self.told.append)

    def write(self, name: str, **changes: object) -> None:
        """Write a recipe: the toy's, with some fields changed."""
        dotted = {key.replace("__", "."): one for key, one in changes.items()}
        write_recipe(
            self.folder / "recipes", name, {**copy.deepcopy(dict(TOY)), **dotted}
        )

    def recipe(self, name: str = "toy") -> Recipe:
        return self.book.recipes[RecipeId(zoo="small", name=name)]

    def open(self, name: str = "toy", **asked: int) -> OpenedTraining:
        return open_training(
            self.book,
            self.recipe(name),
            self.settings,
            Asked(**asked),
            watcher=self.watcher,
        )

    def train(
        self,
        name: str = "toy",
        *,
        watcher: Watcher | None = None,
        scoring: Scoring = lambda network, device: None,
        **asked: int,
    ) -> Trained:
        """Follow a recipe; what it would take is not asked."""
        return train_recipe(
            self.book,
            self.recipe(name),
            self.settings,
            Asked(**asked),
            watcher=watcher or self.watcher,
            scoring=scoring,
            demand=lambda *_: None,
        )

    def with_settings(self, **changes: object) -> "Toy":
        return replace(self, settings=replace(self.settings, **changes))


def toy_weights(*, seed: int = 1, pruning: str | None = None) -> dict[str, Any]:
    """Return random weights of the toy network."""
    network = TrainedNetwork(
        architecture="yolov3", backbone="mobilenet_v1", num_classes=5, width=0.0625
    )
    shapes = network_shapes(build_network(network, pruning))
    return initial_weights(shapes, num_classes=5, seed=seed)


def as_classifier(weights: Mapping[str, Any]) -> dict[str, Any]:
    """Return weights as a published backbone has them: another last layer."""
    body = {name: one for name, one in weights.items() if not name.startswith("yolo_")}
    return {**body, "fc7_weights": np.zeros((64, 3), np.float32)}


def serve(mirror: Path, path: str, weights: Mapping[str, Any]) -> Path:
    """Put an archive where a mirror has it: ``path`` is that of its address."""
    tar = mirror / path
    inside = mirror / "folders" / tar.stem
    write_weights(inside, weights)
    tar.parent.mkdir(parents=True, exist_ok=True)
    pack_tar(inside, tar)
    return tar


def draw_images(root: Path) -> None:
    """Draw a few scenes to learn from, and a few to measure on."""
    write_coco_training_scenes(root, seed=3, count=8)
    write_coco_scenes(root, seed=5, count=4)


def write_toy(folder: Path, *, home: Path, images: Path) -> Toy:
    """Write the zoo with its one recipe, and settings of its own, below a folder."""
    zoo = write_zoo(folder / "small", ROWS, dict.fromkeys((BASELINE, PRUNED), "50.0"))
    toy = Toy(
        home=home,
        folder=zoo,
        settings=Settings(
            cache=folder / "cache",
            records=folder / "records",
            data_root=images,
            mirror=str(folder / "mirror"),
            offline=True,
        ),
        told=[],
    )
    toy.mirror.mkdir()
    toy.write("toy")
    return toy
