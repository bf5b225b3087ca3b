"""Makes a zoo ready that carries its own archives and draws its own data.

Such a zoo has ``archives/embedded.toml`` in its folder, beside the archives under the
paths of their addresses. A real HTTP server on this machine serves them, so that they
are fetched like every other archive.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from filelock import FileLock

from harness.artifact.cache_entry import writing_cache
from harness.artifact.server import serve_folder
from harness.dataset.datasets import DATASETS
from harness.errors import ZooDataError, located
from harness.pipeline.measure.settings import Settings
from harness.registry.block import Block, read_toml, table_of
from harness.values.rows import Zoo

LOGGER = logging.getLogger(__name__)

ARCHIVES = "archives"
DESCRIPTION = "embedded.toml"
#: Below the cache: drawn scenes.
SCENES = "scenes-2"

#: Told of a dataset how many of its images are drawn, and of how many.
Drawing = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnSet:
    """A validation set that the zoo draws."""

    seed: int
    count: int
    fingerprint: str | None  # of the drawn set, once `zoo demo make` has drawn it
    truth_sha256: str | None = None  # likewise, of what is scored against


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnTraining:
    """A training set that the zoo draws: scenes of another series."""

    seed: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """What an embedded zoo brings along."""

    archives: Path  # the folder to serve
    scenes: Mapping[str, DrawnSet]  # by dataset
    training: Mapping[str, DrawnTraining] = field(default_factory=dict)  # likewise


def read_embedded(zoo: Zoo) -> Embedded | None:
    """Return what the zoo brings along, or None for an ordinary zoo.

    Raises:
        ZooDataError: ``embedded.toml`` is malformed.
    """
    archives = zoo.root / ARCHIVES
    path = archives / DESCRIPTION
    if not path.is_file():
        return None
    with located(archives):
        document = Block(read_toml(path))
        with located(path.name):
            scenes = document.table("scenes")
            training = document.optional_table("training")
            document.finish()
            return Embedded(
                archives=archives,
                scenes={name: _parse_scenes(name, scenes[name]) for name in scenes},
                training={
                    name: _parse_training(name, training[name], scenes)
                    for name in training
                },
            )


def _parse_scenes(dataset: str, values: object) -> DrawnSet:
    with located(f"scenes.{dataset}"):
        if dataset not in DATASETS:
            raise ZooDataError(
                "name of the dataset", expected=" or ".join(DATASETS), got=repr(dataset)
            )
        block = Block(table_of(values, "its content"))
        drawn = DrawnSet(
            seed=block.whole("seed", at_least=0),
            count=block.whole("count", at_least=1),
            fingerprint=block.optional_sha256("fingerprint"),
            truth_sha256=block.optional_sha256("truth_sha256"),
        )
        block.finish()
    return drawn


def _parse_training(
    dataset: str, values: object, scenes: Mapping[str, object]
) -> DrawnTraining:
    with located(f"training.{dataset}"):
        drawn = [one for one in scenes if DATASETS[one].draw_training is not None]
        if dataset not in drawn:
            raise ZooDataError(
                "name of the dataset",
                expected=" or ".join(drawn) or "none: no scenes to measure on",
                got=repr(dataset),
                next_step="a set to train on needs one to measure on beside it",
            )
        block = Block(table_of(values, "its content"))
        training = DrawnTraining(
            seed=block.whole("seed", at_least=0),
            count=block.whole("count", at_least=2),  # half of VOC's for each year
        )
        block.finish()
    return training


@contextmanager
def serving(zoo: Zoo, settings: Settings) -> Iterator[Settings]:
    """Give settings under which the zoo's archives can be fetched inside the block.

    An ordinary zoo, or a mirror that was asked for, changes nothing. The archives of an
    embedded zoo are served from a local server, or from their folder when offline.
    """
    embedded = read_embedded(zoo)
    if embedded is None or settings.mirror is not None:
        yield settings
    elif settings.offline:
        yield replace(settings, mirror=str(embedded.archives))
    else:
        with serve_folder(embedded.archives) as mirror:
            LOGGER.info("archives of %s are served at %s", zoo.name, mirror)
            yield replace(settings, mirror=mirror)


def with_scenes(
    zoo: Zoo,
    settings: Settings,
    datasets: Collection[str],
    *,
    drawing: Drawing = lambda dataset, done, total: None,
) -> Settings:
    """Draw the scenes of an embedded zoo and return settings with them as data root.

    An ordinary zoo, or a data root that was asked for, changes nothing.

    Args:
        zoo: the edition.
        settings: as asked for.
        datasets: those of the rows that will be measured; the others are not drawn.
        drawing: told of the dataset after each image of its set.

    Raises:
        UsageError: the cache cannot be written, or its disk is full.
    """
    embedded = read_embedded(zoo)
    if embedded is None or settings.data_root is not None:
        return settings
    root = settings.cache / scenes_folder(embedded)
    LOGGER.info("data root of %s: its drawn scenes, %s", zoo.name, root)
    with _drawing_alone(settings.cache, root):
        draw_scenes(embedded, root, datasets, drawing=drawing)
    return replace(settings, data_root=root)


def with_training_scenes(
    zoo: Zoo,
    settings: Settings,
    datasets: Collection[str],
    *,
    drawing: Drawing = lambda dataset, done, total: None,
) -> Settings:
    """Draw what a zoo is trained and measured on; return settings with it as data root.

    The folder is another than that of :func:`with_scenes`, which stays as it is, and
    the scenes to measure on are the same. Settings that :func:`with_scenes` gave are as
    good as those that were asked for. An ordinary zoo, a data root of somebody's own,
    or a zoo that draws no training set of these datasets changes nothing.

    Args:
        zoo: the edition.
        settings: as asked for, or as :func:`with_scenes` gave them.
        datasets: those of the recipes that will be trained by.
        drawing: told of the dataset after each image of a set.

    Raises:
        UsageError: the cache cannot be written, or its disk is full.
    """
    embedded = read_embedded(zoo)
    if embedded is None or not embedded.training.keys() & set(datasets):
        return settings
    measured = settings.cache / scenes_folder(embedded)
    if settings.data_root not in {None, measured}:
        return settings
    root = settings.cache / training_folder(embedded)
    LOGGER.info("data root of %s: its drawn training scenes, %s", zoo.name, root)
    with _drawing_alone(settings.cache, root):
        draw_scenes(embedded, root, datasets, drawing=drawing)
        draw_training_scenes(embedded, root, datasets, drawing=drawing)
    return replace(settings, data_root=root)


@contextmanager
def _drawing_alone(cache: Path, root: Path) -> Iterator[None]:
    """Hold the lock of a folder of scenes below the cache."""
    with writing_cache(cache):
        root.parent.mkdir(parents=True, exist_ok=True)
        # The workers of one run all want them; only one may put the folder in place.
        with FileLock(root.with_name(f"{root.name}.lock")):
            yield


def draw_scenes(
    embedded: Embedded,
    root: Path,
    datasets: Collection[str],
    *,
    drawing: Drawing = lambda dataset, done, total: None,
) -> None:
    """Draw the sets of those datasets under a root; one that is there is kept."""
    for name, drawn in embedded.scenes.items():
        if name in datasets:
            report = partial(drawing, name)
            DATASETS[name].draw(root, seed=drawn.seed, count=drawn.count, report=report)


def draw_training_scenes(
    embedded: Embedded,
    root: Path,
    datasets: Collection[str],
    *,
    drawing: Drawing = lambda dataset, done, total: None,
) -> None:
    """Draw the training sets of those datasets, as :func:`draw_scenes` does."""
    for name, drawn in embedded.training.items():
        draw = DATASETS[name].draw_training
        if draw is not None and name in datasets:
            report = partial(drawing, f"{name} training")
            draw(root, seed=drawn.seed, count=drawn.count, report=report)


def scenes_folder(embedded: Embedded) -> str:
    """Return the folder of the drawn scenes, below the cache."""
    return f"{SCENES}/{_told(embedded.scenes)}"


def training_folder(embedded: Embedded) -> str:
    """Return the folder of what is trained and measured on, below the cache."""
    return f"{scenes_folder(embedded)}-training-{_told(embedded.training)}"


def _told(sets: Mapping[str, DrawnSet] | Mapping[str, DrawnTraining]) -> str:
    return "-".join(f"{name}-{one.seed}-{one.count}" for name, one in sets.items())
