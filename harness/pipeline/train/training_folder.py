"""Says where a training keeps what it makes, and lets one process work there.

::

    <cache>/trained/<zoo>/<recipe>/<16 digits of the subject's digest>/
        step-*.npz last.npz best.npz    checkpoints
        metrics.jsonl curves.png        what was told of the steps
        curve.json                      what of it the archive's manifest tells
        failed-*.npz                    a batch whose loss was no number
        <recipe>.tar                    the archive of the last weights
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from harness.artifact.cache_entry import writing_cache
from harness.files.temporary import sweep
from harness.printable import printable
from harness.values.recipes import RecipeId

LOGGER = logging.getLogger(__name__)

TRAINED = "trained"
#: Of the digest: enough that two subjects never share a folder.
DIGITS = 16


def trainings_folder(cache: Path, recipe_id: RecipeId) -> Path:
    """Return the folder of all trainings by a recipe."""
    return cache / TRAINED / recipe_id.zoo / recipe_id.name


def training_folder(cache: Path, recipe_id: RecipeId, subject_sha256: str) -> Path:
    """Return the folder of one training."""
    return trainings_folder(cache, recipe_id) / subject_sha256[:DIGITS]


def tar_path(folder: Path, recipe_id: RecipeId) -> Path:
    """Return where the archive of a training lies."""
    return folder / f"{recipe_id.name}.tar"


@contextmanager
def holding(folder: Path, noting: Callable[[str], None]) -> Iterator[None]:
    """Let this process alone train in a folder while the block runs.

    A second one waits, and says so: it will find the training done, or go on with it.

    Raises:
        UsageError: the cache cannot be written.
    """
    with writing_cache(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.with_name(f".{folder.name}.lock"))
        try:
            lock.acquire(blocking=False)
        except Timeout:
            noting(f"another process trains in {printable(folder)}: waiting for it")
            lock.acquire()
    try:
        sweep(folder)
        LOGGER.info("training in %s", printable(folder))
        yield
    finally:
        lock.release()
