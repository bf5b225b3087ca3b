"""What is known of an archive before it is fetched."""

from __future__ import annotations

from pathlib import Path

from harness.artifact.cache_entry import SourceNote, entry_of, write_note
from harness.pipeline.plan.planned_archives import planned_archive
from harness.registry.zoo import open_zoo

DEMO = open_zoo("demo")


def test_a_cached_archive_is_not_downloaded(tmp_path: Path) -> None:
    archive = DEMO.archives[DEMO.rows[0].archive]
    before = planned_archive(archive, tmp_path)
    entry = entry_of(archive, tmp_path.absolute())
    entry.folder.mkdir(parents=True)
    entry.path.write_bytes(b"123")
    write_note(entry, SourceNote(source="x", sha256="ab", size_bytes=3))
    after = planned_archive(archive, tmp_path)

    assert (before.is_cached, before.size_bytes) == (False, archive.size_bytes)
    assert before.sha256 == archive.sha256
    assert (after.is_cached, after.size_bytes, after.sha256) == (True, 3, "ab")
