"""Opens the archive of a row: fetches, unpacks and reads it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from harness.artifact.checkpoint_folder import find_checkpoint_folder
from harness.artifact.fetch import FetchedArchive, fetch_archive
from harness.artifact.sources import published_path
from harness.artifact.transfer import Progress
from harness.artifact.unpack import unpack
from harness.errors import located
from harness.model.detectors.architectures import demand_row, open_archive
from harness.model.detectors.opened_archive import OpenedArchive
from harness.pipeline.measure.settings import Settings
from harness.printable import printable
from harness.registry.words import STRATEGIES
from harness.values.records import ArchiveUsed
from harness.values.rows import Archive, Row, Zoo

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedRow:
    """A row whose archive is a network we can run."""

    row: Row
    opened: OpenedArchive
    used: ArchiveUsed

    @property
    def row_id(self) -> str:
        """The row's."""
        return self.row.row_id


def open_row(
    zoo: Zoo, row: Row, settings: Settings, *, progress: Progress | None = None
) -> OpenedRow:
    """Fetch, check, unpack and read the archive of a row.

    Raises:
        ArchiveUnreadable: no network for the row, or its files are not that network.
        ArchiveUnavailable: no source serves it.
        WrongArchive: a digest is pinned, and no source serves its bytes.
    """
    demand_row(row)
    archive = zoo.archives[row.archive]
    fetched = fetch_archive(
        archive,
        cache=settings.cache,
        mirror=settings.mirror,
        offline=settings.offline,
        progress=progress,
    )
    folder = unpack(fetched.path, settings.cache)
    with located(f"{archive.name}.tar"):
        opened = open_archive(
            find_checkpoint_folder(folder, archive.name),
            row,
            doubted_strategies(zoo, row),
        )
    used = _used(archive, fetched, opened)
    LOGGER.info("%s: archive from %s", row.row_id, printable(used.source))
    LOGGER.info("%s: layout %s, shapes of %s", row.row_id, used.layout, used.shape_plan)
    return OpenedRow(row=row, opened=opened, used=used)


def doubted_strategies(zoo: Zoo, row: Row) -> tuple[str, ...]:
    """Return the strategies that errata hold possible for a row beside its own."""
    return tuple(
        STRATEGIES.get(one.corrected, one.corrected)
        for one in zoo.errata_of(row.row_id)
        if one.field == "strategy"
    )


def told_source(archive: Archive, source: str) -> str:
    """Return the address that served an archive, without what only this machine knows.

    One of the archive's own addresses is told as it is; a mirror's, which may be a
    folder or a port of today, by the path that it mirrors.
    """
    addresses = (archive.url, *archive.moves)
    if source in addresses:
        return source
    for address in addresses:
        path = published_path(address)
        if source.endswith(path):
            return f"mirror:{path}"
    return "mirror"


def _used(
    archive: Archive, fetched: FetchedArchive, opened: OpenedArchive
) -> ArchiveUsed:
    return ArchiveUsed(
        name=archive.name,
        source=told_source(archive, fetched.source),
        sha256=fetched.sha256,
        size_bytes=fetched.size_bytes,
        layout=opened.layout,
        shape_plan=opened.pruning,
        ignored_files=opened.ignored_files,
    )
