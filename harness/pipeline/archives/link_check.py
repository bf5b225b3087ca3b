"""Asks each address of a zoo's archives what it serves; downloads nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.artifact.link import Link, look_at
from harness.artifact.sources import Source, list_sources
from harness.values.rows import Archive, Zoo


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedArchive:
    """An archive, and what its addresses say."""

    archive: Archive
    links: tuple[Link, ...]  # in the order in which a fetch asks

    @property
    def other_sizes(self) -> tuple[Link, ...]:
        """The addresses whose file has another size than the pinned one."""
        pinned = self.archive.size_bytes
        return tuple(
            one
            for one in self.links
            if pinned is not None and one.size_bytes not in (None, pinned)
        )

    @property
    def is_served(self) -> bool:
        """Whether an address has the file, and none has another one."""
        answers = any(one.state != "dead" for one in self.links)
        return answers and not self.other_sizes


def check_links(
    zoo: Zoo,
    *,
    mirror: str | None = None,
    looking: Callable[[Source], Link] = look_at,
) -> Iterator[CheckedArchive]:
    """Yield the archives of a zoo, each once its addresses were asked.

    Args:
        zoo: the edition.
        mirror: asked as well, as a fetch would.
        looking: asks one address.

    Raises:
        UsageError: the mirror is none.
        ZooDataError: an address is none.
    """
    for archive in zoo.archives.values():
        sources = list_sources(archive, mirror=mirror, offline=False)
        yield CheckedArchive(
            archive=archive, links=tuple(looking(one) for one in sources)
        )
