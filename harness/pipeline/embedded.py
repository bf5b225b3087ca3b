"""A zoo that carries its own archives and draws its own data: ready to be measured.

Such a zoo has ``archives/embedded.toml`` in its folder, beside the archives under the
paths of their addresses. They are served by a real HTTP server on this machine, so that
they go the way of every archive.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

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
def ready(
    zoo: Zoo,
    settings: Settings,
    *,
    drawing: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Settings]:
    """Give settings under which the zoo can be measured, for as long as the block runs.

    An ordinary zoo gets its settings back. An embedded one gets what was left open: a
    server for its archives as the mirror, and drawn scenes as the data root.
    """
    embedded = read_embedded(zoo)
    with ExitStack() as stack:
        if embedded is not None:
            if settings.mirror is None:
                mirror = (
                    str(embedded.archives)
                    if settings.offline
                    else stack.enter_context(serve_folder(embedded.archives))
                )
                settings = replace(settings, mirror=mirror)
            if settings.data_root is None:
                root = settings.cache / scenes_folder(embedded)
                write_coco_scenes(
                    root,
                    seed=embedded.scene_seed,
                    count=embedded.scene_count,
                    report=drawing,
                )
                settings = replace(settings, data_root=root)
        yield settings


def scenes_folder(embedded: Embedded) -> str:
    """Return the folder of the drawn scenes, below the cache."""
    return f"scenes-1/{embedded.scene_seed}-{embedded.scene_count}"
