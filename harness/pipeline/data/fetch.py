"""Fetches parts of published datasets, and places their files in a data root.

An archive is fetched into the cache, checked against what was published of it, unpacked
beside its place, and its files are moved there: nothing half-written ever lies under
its real name, and a file that is there already is never changed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from harness.artifact.archive.entries import DATASET_LIMITS
from harness.artifact.cache_entry import locking
from harness.artifact.fetch import WantedFile, fetch_large
from harness.artifact.placed_files import demand_room, place_files
from harness.artifact.transfer import Progress
from harness.artifact.written_entries import claimed_bytes, write_entries
from harness.errors import DatasetInvalid, HarnessError, UsageError, located
from harness.files.temporary import folder_in, sweep
from harness.pipeline.data.parts import state_of
from harness.pipeline.measure.ready_folders import sweep_cache
from harness.registry.dataset_sources import DataPart

LOGGER = logging.getLogger(__name__)

#: Below the cache: archives that are being fetched.
FOLDER = "datasets-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataWatcher:
    """Who is told how far a fetch is; every call is optional to heed."""

    fetching: Callable[[str], Progress | None] = lambda name: None
    unpacking: Callable[[str, int], None] = lambda name, files: None


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedPart:
    """One part, and either that it is there or why it could not be had."""

    part: DataPart
    was_present: bool
    source: str | None = None  # the address that served it
    refusal: HarnessError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchPlan:
    """Where a fetch reads and writes."""

    data_root: Path
    cache: Path
    mirror: str | None = None
    offline: bool = False
    keep: bool = False  # the archives, after their files are in place
    watcher: DataWatcher = field(default_factory=DataWatcher)


def fetch_data(parts: Sequence[DataPart], plan: FetchPlan) -> tuple[FetchedPart, ...]:
    """Bring parts to a data root; what one refuses does not stop the others.

    A part that is there and complete is not looked for elsewhere.

    Raises:
        UsageError: a disk has no room for what is to come, or cannot be written.
        ZooDataError: an address is not one.
    """
    folder = plan.cache / FOLDER
    with locking(folder / ".lock", folder):
        sweep_cache(plan.cache)
        _sweep_data(folder, plan.data_root, parts)
        return _fetch_alone(parts, folder, plan)


def _sweep_data(folder: Path, data_root: Path, parts: Sequence[DataPart]) -> None:
    """Remove what killed fetches left; a transfer that can be gone on with stays."""
    sweep(folder)
    sweep(data_root)
    for name in {one.file_name for one in parts if not one.digests}:
        (folder / f".{name}.part").unlink(missing_ok=True)


def _fetch_alone(
    parts: Sequence[DataPart], folder: Path, plan: FetchPlan
) -> tuple[FetchedPart, ...]:
    wanted = [one for one in parts if not state_of(one, plan.data_root).is_present]
    _demand_room_for(wanted, folder, plan)
    fetched = []
    for part in parts:
        if part not in wanted:
            LOGGER.info("%s of %s: there already", part.name, part.dataset)
            fetched.append(FetchedPart(part=part, was_present=True))
            continue
        try:
            source = _bring(part, folder, plan)
        except UsageError:
            raise
        except HarnessError as refusal:
            LOGGER.info("%s of %s: %s", part.name, part.dataset, refusal)
            fetched.append(FetchedPart(part=part, was_present=False, refusal=refusal))
        else:
            LOGGER.info("%s of %s: from %s", part.name, part.dataset, source)
            fetched.append(FetchedPart(part=part, was_present=False, source=source))
    if not plan.keep:
        refused = {one.part.file_name for one in fetched if one.refusal}
        for name in {one.file_name for one in wanted} - refused:
            (folder / name).unlink(missing_ok=True)
    return tuple(fetched)


def _demand_room_for(wanted: Sequence[DataPart], folder: Path, plan: FetchPlan) -> None:
    """Refuse before the first byte: images unpack to about what their archive takes."""
    archives = {one.file_name: one.size_bytes or 0 for one in wanted}
    to_fetch = sum(
        size_bytes - _held_bytes(folder, name) for name, size_bytes in archives.items()
    )
    demand_room({folder: to_fetch, plan.data_root: sum(archives.values())})


def _held_bytes(folder: Path, name: str) -> int:
    paths = (folder / name, folder / f".{name}.part")
    return max((one.stat().st_size for one in paths if one.exists()), default=0)


def _bring(part: DataPart, folder: Path, plan: FetchPlan) -> str:
    """Fetch, check, unpack and place one part; return the address that served it."""
    got = fetch_large(
        WantedFile(
            name=part.file_name,
            urls=(part.url, *part.mirrors),
            size_bytes=part.size_bytes,
            digests=part.digests,
        ),
        folder=folder,
        mirror=plan.mirror,
        offline=plan.offline,
        progress=plan.watcher.fetching(part.file_name),
    )
    with located(part.file_name):
        demand_room(
            {plan.data_root: claimed_bytes(got.path, part.takes, DATASET_LIMITS)}
        )
        with _beside(plan.data_root) as beside:
            content = beside / "content"
            write_entries(
                got.path,
                content,
                DATASET_LIMITS,
                only=part.takes,
                telling=lambda files: plan.watcher.unpacking(part.file_name, files),
            )
            # Every check of the archive is over: now the files get their real names.
            below = PurePosixPath(part.below)
            own = [PurePosixPath(one).relative_to(below) for one in part.files]
            place_files(content, plan.data_root / below, last=[str(one) for one in own])
        state = state_of(part, plan.data_root)
        if not state.is_present:
            raise DatasetInvalid(
                "the archive does not hold the whole part",
                expected=", ".join(part.files),
                got=state.missing,
                next_step="correct expected/dataset_sources.toml",
            )
    return got.source


@contextmanager
def _beside(data_root: Path) -> Iterator[Path]:
    """Give a hidden folder on the data root's disk; remove it after the block."""
    try:
        data_root.mkdir(parents=True, exist_ok=True)
        opened = ExitStack()
        beside = opened.enter_context(folder_in(data_root, "zoo-data"))
    except OSError as error:
        raise UsageError(
            f"{data_root}: the data root cannot be written",
            expected="a folder to fetch a dataset into",
            got=error.strerror or str(error),
            next_step="choose another --data-root",
        ) from error
    with opened:
        yield beside
