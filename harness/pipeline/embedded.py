"""A zoo that carries its own archives and draws its own data, made ready to measure.

Such a zoo has ``archives/embedded.toml`` in its folder, beside the archives under the
paths of their addresses. They are served by a real HTTP server on this machine, so that
they go the way of every archive.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock

from harness.artifact.server import serve_folder
from harness.dataset.coco_scenes import write_coco_scenes
from harness.errors import ZooDataError, located
from harness.pipeline.settings import Settings
from harness.rows import Zoo

ARCHIVES = "archives"
DESCRIPTION = "embedded.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """What an embedded zoo brings along."""

    archives: Path  # the folder to serve
    scene_seed: int
    scene_count: int
    fingerprint: str | None  # of the drawn set, once `zoo demo make` has drawn it


def read_embedded(zoo: Zoo) -> Embedded | None:
    """Return what the zoo brings along, or None for an ordinary zoo.

    Raises:
        ZooDataError: ``embedded.toml`` is malformed.
    """
    archives = zoo.root / ARCHIVES
    path = archives / DESCRIPTION
    if not path.is_file():
        return None
    with located(path):
        try:
            scenes = tomllib.loads(path.read_text(encoding="utf-8"))["scenes"]
            return Embedded(
                archives=archives,
                scene_seed=int(scenes["seed"]),
                scene_count=int(scenes["count"]),
                fingerprint=scenes.get("fingerprint"),
            )
        except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
            raise ZooDataError(
                "not a description of an embedded zoo",
                expected="[scenes] with seed and count",
                got=f"{type(error).__name__}: {error}",
            ) from error


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
            yield replace(settings, mirror=mirror)


def with_scenes(
    zoo: Zoo,
    settings: Settings,
    *,
    drawing: Callable[[int, int], None] = lambda done, total: None,
) -> Settings:
    """Draw the scenes of an embedded zoo and return settings with them as data root.

    An ordinary zoo, or a data root that was asked for, changes nothing.
    """
    embedded = read_embedded(zoo)
    if embedded is None or settings.data_root is not None:
        return settings
    root = settings.cache / scenes_folder(embedded)
    root.parent.mkdir(parents=True, exist_ok=True)
    # The workers of one run all want them, and only one may put the folder in place.
    with FileLock(root.with_name(f"{root.name}.lock")):
        write_coco_scenes(
            root, seed=embedded.scene_seed, count=embedded.scene_count, report=drawing
        )
    return replace(settings, data_root=root)


def scenes_folder(embedded: Embedded) -> str:
    """Return the folder of the drawn scenes, below the cache."""
    return f"scenes-1/{embedded.scene_seed}-{embedded.scene_count}"
