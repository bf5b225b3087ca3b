"""Downloads a file from the first of its sources that serves the right bytes.

The next source is chosen, its bytes are copied beside the file's place and judged, and
they are renamed when they are right: a file appears under its name whole and checked,
or not at all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.artifact.cache_entry import Content, writing_cache
from harness.artifact.patience import Course, FailedTry, Patience
from harness.artifact.refusal import Refusal, of_source, refuse_archive
from harness.artifact.sources import Source
from harness.artifact.transfer import Progress, receive
from harness.artifact.web.failure import TransferFailure
from harness.artifact.web.pace import Pace
from harness.printable import printable
from harness.values.rows import Archive

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """One file to download: to where, from where, and how it is judged."""

    archive: Archive  # as a refusal tells of it
    path: Path  # of the file
    part: Path  # where bytes gather until they are judged
    sources: tuple[Source, ...]  # in the order to ask them
    offline: bool  # sources of the web were left out
    judge: Callable[[str, Path, Content], Refusal | None]  # of a place, its bytes
    #: Go on with what a broken transfer left. Bytes of two versions may then meet in
    #: one file: only a digest can tell.
    resumes: bool
    patience: Patience
    progress: Progress | None
    sleep: Callable[[float], None]  # called with each wait, in seconds


def download(
    wanted: Download, refusals: Iterable[Refusal] = ()
) -> tuple[Source, Content]:
    """Put the right bytes under the file's name; return who served them.

    The file's lock is held by the caller.

    Args:
        wanted: the file.
        refusals: what speaks against bytes that are there already.

    Raises:
        ArchiveUnavailable: no source serves it; every tried one is listed.
        ArchiveUnreadable: no source serves it, and the mirror holds a damaged one.
        WrongArchive: no source serves the right bytes, and one serves others.
        UsageError: the folder cannot be written.
    """
    name, patience = printable(wanted.archive.name), wanted.patience
    course = Course(sources=wanted.sources, refusals=tuple(refusals))
    while course.sources:
        source = course.sources[0]
        if course.wait_s is None:
            LOGGER.info("%s: asking %s", name, printable(source.address))
            pace = patience.pace()
        elif course.wait_s:
            wanted.sleep(course.wait_s)
        got = _try_once(wanted, source, pace)
        if isinstance(got, Content):
            LOGGER.info("%s: %d bytes, sha256 %s", name, got.size_bytes, got.sha256)
            return source, got
        course = course.after(got, patience)
        LOGGER.info("%s: %s; %s", name, printable(got.refusal), _told(course))
    raise refuse_archive(wanted.archive, course.refusals, offline=wanted.offline)


def _told(course: Course) -> str:
    """Return what follows a failed try, as a log has it."""
    if course.wait_s is not None:
        return f"asked again after {course.wait_s:g} s"
    return "left for the next source" if course.sources else "no source is left"


def _try_once(wanted: Download, source: Source, pace: Pace) -> Content | FailedTry:
    """Put a source's bytes under the file's name if they are right."""
    place, part = source.address, wanted.part
    held_bytes = part.stat().st_size if wanted.resumes and part.exists() else 0
    try:
        got = receive(
            source,
            part,
            timeout_s=wanted.patience.timeout_s,
            largest_bytes=wanted.patience.largest_bytes,
            pace=pace,
            progress=wanted.progress,
            resume=wanted.resumes,
        )
        if isinstance(got, TransferFailure):
            refusal = Refusal(place=place, reason=got.reason, may_pass=got.may_pass)
            came_bytes = part.stat().st_size - held_bytes if wanted.resumes else 0
            return FailedTry(refusal=refusal, came_bytes=came_bytes)
        judged = wanted.judge(place, part, got)
        with writing_cache(wanted.path.parent):
            if judged is None:
                part.replace(wanted.path)
                return got
            part.unlink()
        refusal = of_source(judged, source)
        return FailedTry(refusal=refusal, is_whole=True, held_bytes=held_bytes)
    finally:
        if not wanted.resumes:
            with writing_cache(wanted.path.parent):
                part.unlink(missing_ok=True)
