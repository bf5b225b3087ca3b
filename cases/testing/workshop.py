"""The demo zoo and its recipes, to be followed as they are or spoilt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from harness.artifact.checkpoint_folder import find_checkpoint_folder
from harness.artifact.fetch import fetch_archive
from harness.artifact.pack import pack_tar
from harness.artifact.sources import published_path
from harness.artifact.unpack import unpack
from harness.model.layouts.opened_folder import open_folder
from harness.model.layouts.separate_files import write_weights
from harness.pipeline.measure.embedded import ARCHIVES
from harness.pipeline.measure.measure import measure_rows
from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.watcher import Watcher
from harness.pipeline.train.asked import Asked
from harness.pipeline.train.opened_training import open_training
from harness.pipeline.train.retrained_row import retrain_row
from harness.values.recipes import Recipe, RecipeBook, RecipeId
from harness.values.records import Record
from harness.values.rows import Archive, Row, Zoo


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """The demo zoo, its recipes, and where they are followed."""

    zoo: Zoo
    book: RecipeBook
    settings: Settings
    folder: Path  # of what a test makes

    def recipe_of(self, row: Row) -> Recipe:
        """Return the recipe of a row's archive."""
        return self.book.recipes[RecipeId(zoo=self.zoo.name, name=row.archive)]

    def changed(self, row: Row, change: Callable[[Recipe], Recipe]) -> Workshop:
        """Return a workshop in which the recipe of a row's archive is another."""
        recipe = change(self.recipe_of(row))
        recipes = {**self.book.recipes, recipe.recipe_id: recipe}
        return replace(self, book=replace(self.book, recipes=recipes))

    def with_shuffled(self, archive: Archive) -> Workshop:
        """Return a workshop whose sources serve an archive with its weights shuffled.

        All other archives are served as they are, and that one is not pinned.
        """
        fetched = fetch_archive(
            archive,
            cache=self.settings.cache,
            mirror=self.settings.mirror,
            offline=False,
        )
        folder = find_checkpoint_folder(
            unpack(fetched.path, self.settings.cache), archive.name
        )
        _, source = open_folder(folder, ())
        random = RandomState(1)
        weights = {name: shuffled(source.read(name), random) for name in source.stored}
        mirror = self.folder / "mirror"
        self._serve(mirror, archive, weights)
        for path in (self.zoo.root / ARCHIVES).rglob("*.tar"):
            place = mirror / path.relative_to(self.zoo.root / ARCHIVES)
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.exists():
                place.symlink_to(path)
        published = {
            one: unpinned(it) if it.name == archive.name else it
            for one, it in self.book.published.items()
        }
        return replace(
            self,
            book=replace(self.book, published=published),
            settings=replace(
                self.settings, mirror=str(mirror), cache=self.folder / "cache"
            ),
        )

    def retrained(self, row: Row, *, steps: int | None = None) -> Record:
        """Train a row's archive and judge the row, as its retrained case does."""
        return retrain_row(
            self.zoo,
            self.book,
            row,
            self.settings,
            Asked(steps=steps),
            watcher=Watcher(),
        )

    def start_pct(self, row: Row) -> float:
        """Return the AP of what the row's recipe trains, before its first step."""
        opened = open_training(
            self.book, self.recipe_of(row), self.settings, Asked(), watcher=Watcher()
        )
        mirror = self.folder / "start"
        archive = self.zoo.archives[row.archive]
        self._serve(mirror, archive, opened.run.start().weights)
        archives = {**self.zoo.archives, archive.name: unpinned(archive)}
        (record,) = measure_rows(
            replace(self.zoo, archives=archives),
            [row],
            replace(
                self.settings, mirror=str(mirror), cache=self.folder / "start-cache"
            ),
        )
        return ap_pct(record)

    def _serve(
        self, mirror: Path, archive: Archive, weights: Mapping[str, NDArray[np.float32]]
    ) -> None:
        folder = self.folder / "packed" / archive.name
        folder.mkdir(parents=True)
        write_weights(folder, weights)
        path = mirror / published_path(archive.url)
        path.parent.mkdir(parents=True)
        pack_tar(folder, path)


def unpinned(archive: Archive) -> Archive:
    """Return an archive that may have any bytes."""
    return replace(archive, sha256=None, size_bytes=None)


def shuffled(value: NDArray[np.float32], random: RandomState) -> NDArray[np.float32]:
    """Return the same numbers in another order: no network any more."""
    return random.permutation(value.ravel()).reshape(value.shape)


def ap_pct(record: Record) -> float:
    """Return what a row was measured at, its own input size."""
    assert record.measurements, record.reason
    return record.measurements[0].scores_pct["box_ap"]
