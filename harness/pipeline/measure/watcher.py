"""The calls by which a measurement tells how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.artifact.transfer import Progress
from harness.train.loop import Progress as Training
from harness.values.rows import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """Who is told how far a measurement is; every call is optional to heed."""

    fetching: Callable[[str], Progress | None] = lambda name: None
    #: Of each step of a training, by the name of its recipe.
    training: Callable[[str, Training], None] = lambda name, progress: None
    detecting: Callable[[str, int, int], None] = lambda name, done, total: None
    #: Of each row under way when a signal came: its images kept in the store, of all.
    stopped: Callable[[Row, int, int], None] = lambda row, kept, total: None
    noting: Callable[[str], None] = lambda line: None
