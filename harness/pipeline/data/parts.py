"""Tells which parts of published datasets a data root has, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError
from harness.registry.dataset_sources import DataPart, read_dataset_sources
from harness.registry.location import DATASET_SOURCES

ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartState:
    """One part of a dataset under a data root."""

    part: DataPart
    missing: str  # in words; empty when the part is there and complete

    @property
    def is_present(self) -> bool:
        """Whether everything of the part is there."""
        return not self.missing


def data_parts(
    home: Path, dataset: str = ALL, split: str | None = None
) -> list[DataPart]:
    """Return the parts of a dataset's split.

    Args:
        home: holds ``expected/dataset_sources.toml``.
        dataset: its word, or ``"all"``.
        split: its word, or ``"all"``; the one that is measured on when not given.

    Raises:
        UsageError: no such dataset or split.
        ZooDataError: the file is malformed.
    """
    parts = list(read_dataset_sources(home / DATASET_SOURCES))
    if dataset != ALL:
        names = dict.fromkeys(one.dataset for one in parts)
        if dataset not in names:
            raise UsageError(
                "dataset",
                expected=" or ".join(names),
                got=dataset,
                next_step="give the word of a dataset",
            )
        parts = [one for one in parts if one.dataset == dataset]
    measured: dict[str, str] = {}
    for one in parts:
        measured.setdefault(one.dataset, one.split)
    if split is None:
        return [one for one in parts if one.split == measured[one.dataset]]
    if split == ALL:
        return parts
    of_split = [one for one in parts if one.split == split]
    if not of_split:
        splits = dict.fromkeys(one.split for one in parts)
        raise UsageError(
            f"split of {dataset}",
            expected=" or ".join((*splits, ALL)),
            got=split,
            next_step="give one of these words",
        )
    return of_split


def state_of(part: DataPart, data_root: Path) -> PartState:
    """Return whether a part is complete; its files are counted and not read."""
    return PartState(part=part, missing=_missing(part, data_root))


def states_of(parts: Sequence[DataPart], data_root: Path) -> list[PartState]:
    """Return the state of each part, in order."""
    return [state_of(part, data_root) for part in parts]


def _missing(part: DataPart, data_root: Path) -> str:
    for path, count in part.files.items():
        there = data_root / path
        if not there.exists():
            return f"no {path}"
        if there.is_dir():
            file_count = sum(
                one.is_file() and not one.name.startswith(".")  # macOS adds ``._x``
                for one in there.rglob("*")
            )
            if file_count < count:
                return f"{file_count} of {count} files in {path}"
    if part.list_path is not None:
        stems = (data_root / part.list_path).read_text(encoding="utf-8").split()
        paths = [one.format(stem) for stem in stems for one in part.listed]
        absent = [one for one in paths if not (data_root / one).is_file()]
        if absent:
            return f"{len(absent)} of {len(paths)} files, the first {absent[0]}"
    return ""
