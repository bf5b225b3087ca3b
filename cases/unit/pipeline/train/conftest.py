"""A zoo of one's own with tiny networks, recipes of a few steps, and drawn images."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harness.dataset.drawn.coco_scenes import (
    write_coco_scenes,
    write_coco_training_scenes,
)
from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.watcher import Watcher
from harness.pipeline.train.asked import Asked
from harness.pipeline.train.opened_training import OpenedTraining, open_training
from harness.pipeline.train.packed_training import Trained
from harness.pipeline.train.trained import train_recipe
from harness.registry.recipes import open_recipes
from harness.registry.zoo import open_zoo
from harness.values.recipes import Recipe, RecipeBook, RecipeId
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
    def watcher(self) -> Watcher:
        return Watcher(noting=self.told.append)

    def write(self, name: str, **changes: object) -> None:
        """Write a recipe: the toy's, with some fields changed."""
        dotted = {key.replace("__", "."): one for key, one in changes.items()}
        write_recipe(self.folder / "recipes", name, {**TOY, **dotted})

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

    def train(self, name: str = "toy", **asked: int) -> Trained:
        return train_recipe(
            self.book,
            self.recipe(name),
            self.settings,
            Asked(**asked),
            watcher=self.watcher,
        )

    def with_settings(self, **changes: object) -> "Toy":
        return replace(self, settings=replace(self.settings, **changes))


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with a few drawn scenes to learn from, and a few to measure on."""
    root = tmp_path_factory.mktemp("toy-data")
    write_coco_training_scenes(root, seed=3, count=8)
    write_coco_scenes(root, seed=5, count=4)
    return root


@pytest.fixture
def toy(request: pytest.FixtureRequest, images: Path, tmp_path: Path) -> Toy:
    folder = write_zoo(
        tmp_path / "small", ROWS, dict.fromkeys((BASELINE, PRUNED), "50.0")
    )
    made = Toy(
        home=request.config.rootpath,
        folder=folder,
        settings=Settings(
            cache=tmp_path / "cache",
            records=tmp_path / "records",
            data_root=images,
            offline=True,
        ),
        told=[],
    )
    made.write("toy")
    return made
