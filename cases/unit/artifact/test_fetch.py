from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import harness
from harness.artifact.cache_entry import entry_of
from harness.artifact.fetch import fetch_archive
from harness.artifact.patience import Patience
from harness.errors import (
    ArchiveUnavailable,
    ArchiveUnreadable,
    UsageError,
    WrongArchive,
)

# Says when it has found the cache empty: from there on only the lock can hold it.
FETCH_IN_A_PROCESS = """
import sys
from pathlib import Path
from harness.artifact import fetch
from harness.values.rows import Archive
look = fetch._look
def look_and_tell(*args):
    found = look(*args)
    if found is None:
        print("empty", flush=True)
    return found
fetch._look = look_and_tell
archive = Archive(name="x", url=sys.argv[1])
got = fetch.fetch_archive(archive, cache=Path(sys.argv[2]), mirror=None, offline=False)
print(got.sha256, flush=True)
"""


@pytest.fixture
def fetch(cache):
    """Return fetch_archive with a cache and without waiting."""

    def run(archive, **settings):
        settings = {"cache": cache, "mirror": None, "offline": False, **settings}
        settings.setdefault("sleep", lambda _: None)
        return fetch_archive(archive, **settings)

    return run


@pytest.fixture
def process_that_fetches(cache):
    started = []

    def start(address: str) -> subprocess.Popen[str]:
        root = Path(harness.__file__).parent.parent
        process = subprocess.Popen(
            [sys.executable, "-c", FETCH_IN_A_PROCESS, address, str(cache)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(root)},
        )
        started.append(process)
        # Where the child waits for what never comes, its end ends the reading here.
        limit = threading.Timer(60, process.kill)
        limit.daemon = True
        limit.start()
        assert process.stdout is not None
        assert process.stdout.readline() == "empty\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def real_names(cache: Path) -> list[str]:
    """The names under which somebody could take a file for a fetched archive."""
    return [
        path.name
        for path in cache.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    ]


def test_the_first_call_fetches_and_the_second_does_nothing(
    web, fetch, good, archive_at
):
    archive = archive_at(web.on("/zoo/x.tar", web.gives(good)))

    first = fetch(archive)
    second = fetch(archive)

    assert second == first
    assert web.requests == ["/zoo/x.tar"]
    assert first.path.read_bytes() == good
    assert first.source == archive.url
    assert first.sha256 == hashlib.sha256(good).hexdigest()
    assert first.size_bytes == len(good)


def test_the_note_beside_the_bytes_says_where_they_came_from(
    web, fetch, good, archive_at
):
    got = fetch(archive_at(web.on("/x.tar", web.gives(good))))

    assert json.loads((got.path.parent / ".source.json").read_text()) == {
        "source": got.source,
        "sha256": got.sha256,
        "size_bytes": got.size_bytes,
    }


def test_a_relative_cache_gives_an_absolute_path(
    web, fetch, good, archive_at, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    got = fetch(archive_at(web.on("/x.tar", web.gives(good))), cache=Path("here"))

    assert got.path.is_absolute()
    assert got.path.is_relative_to(tmp_path / "here")


def test_the_mirror_is_asked_first_and_is_the_noted_source(
    web, fetch, good, archive_at
):
    web.on("/mirror/PaddleSlim/x.tar", web.gives(good))
    archive = archive_at("http://models.invalid/PaddleSlim/x.tar")

    got = fetch(archive, mirror=f"{web.base}/mirror")

    assert got.source == f"{web.base}/mirror/PaddleSlim/x.tar"
    assert fetch(archive).source == got.source


def test_a_folder_is_a_mirror(fetch, good, archive_at, tmp_path):
    path = tmp_path / "mirror/PaddleSlim/x.tar"
    path.parent.mkdir(parents=True)
    path.write_bytes(good)

    got = fetch(
        archive_at("http://models.invalid/PaddleSlim/x.tar", pin=good),
        mirror=str(tmp_path / "mirror"),
        offline=True,
    )

    assert got.source == path.as_uri()
    assert got.path.read_bytes() == good


def test_a_moved_archive_is_found_where_it_went(web, fetch, good, archive_at):
    moved = web.on("/new/x.tar", web.gives(good))
    archive = archive_at(web.base + "/x.tar", moves=(moved,))

    assert fetch(archive).source == moved
    assert web.requests == ["/x.tar", "/new/x.tar"]


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_that_fails_once_is_asked_again(web, fetch, good, archive_at, status):
    waits_s = []
    url = web.on("/x.tar", web.says(status), web.gives(good))

    got = fetch(archive_at(url), sleep=waits_s.append)

    assert got.source == url
    assert waits_s == [1.0]


def test_a_server_that_keeps_failing_is_asked_three_times(web, fetch, archive_at):
    waits_s = []
    archive = archive_at(web.on("/x.tar", web.says(500)))

    with pytest.raises(
        ArchiveUnavailable,
        match=r"got http://\S+/x.tar: HTTP 500 Internal Server Error \(try 3 of 3\);",
    ):
        fetch(archive, sleep=waits_s.append)

    assert len(web.requests) == 3
    assert waits_s == [1.0, 2.0]


def test_a_missing_file_is_asked_for_once(web, fetch, archive_at):
    with pytest.raises(
        ArchiveUnavailable,
        match=r"^archive x: no source serves it; expected an archive from one of its "
        r"addresses, got http://\S+/a/x.tar: HTTP 404 Not Found; give --mirror a "
        r"folder that holds a/x.tar$",
    ):
        fetch(archive_at(f"{web.base}/a/x.tar"))

    assert web.requests == ["/a/x.tar"]


def test_every_source_is_listed_with_its_failure(
    web, fetch, good, archive_at, tmp_path
):
    url = web.on("/x.tar", web.gives(good[:3000], promised_bytes=len(good)))
    moved = web.on("/moved.tar", web.gives(b"<html>log in</html>"))
    archive = archive_at(url, moves=(moved,))

    with pytest.raises(ArchiveUnavailable) as refused:
        fetch(archive, mirror=str(tmp_path))

    message = str(refused.value)
    assert f"{(tmp_path / 'x.tar').as_uri()}: no such file | " in message
    assert f"{(tmp_path / 'moved.tar').as_uri()}: no such file | " in message
    assert f"{url}: cut short: 3000 of {len(good)} bytes (try 3 of 3) | " in message
    assert f"{moved}: answered with a page that starts b'<html>log in</ht'" in message


@pytest.mark.parametrize("pinned", [True, False], ids=["pinned", "unpinned"])
@pytest.mark.parametrize("way", ["short", "short of chunks", "shorter promise", "open"])
def test_a_truncated_archive_is_never_cached(
    web, fetch, good, archive_at, cache, way, pinned
):
    cut = good[:3000]
    answer = {
        "short": web.gives(cut, promised_bytes=len(good)),
        "short of chunks": web.gives_chunks(cut, is_whole=False),
        "shorter promise": web.gives(good, promised_bytes=3000),
        "open": web.gives_without_length(cut),
    }[way]
    archive = archive_at(web.on("/x.tar", answer), pin=good if pinned else None)

    with pytest.raises((ArchiveUnavailable, WrongArchive), match=r"cut short|3000 b"):
        fetch(archive)

    assert real_names(cache) == []
    assert len(web.requests) == 3


@pytest.mark.parametrize("way", ["short", "open", "reset"])
def test_a_truncated_answer_is_followed_by_a_whole_one(
    web, fetch, good, archive_at, way
):
    cut = good[:3000]
    answer = {
        "short": web.gives(cut, promised_bytes=len(good)),
        "open": web.gives_without_length(cut),
        "reset": web.resets(cut),
    }[way]
    archive = archive_at(web.on("/x.tar", answer, web.gives(good)), pin=good)

    assert fetch(archive).path.read_bytes() == good
    assert len(web.requests) == 2


def test_a_slow_answer_in_chunks_arrives(web, fetch, good, archive_at):
    archive = archive_at(web.on("/x.tar", web.gives_chunks(good)), pin=good)

    assert fetch(archive).path.read_bytes() == good


def test_wrong_bytes_are_refused_with_both_digests_and_the_source(
    web, fetch, good, tar_of, archive_at, cache
):
    other = tar_of({"x/conv1_weights": b"another"})
    url = web.on("/x.tar", web.gives(other))
    expected, got = (hashlib.sha256(data).hexdigest() for data in (good, other))

    with pytest.raises(
        WrongArchive,
        match=rf"^archive x: the bytes are not the pinned ones; expected {len(good)} "
        rf"bytes, sha256 {expected}, got {re.escape(url)}: {len(other)} bytes, sha256 "
        rf"{got}; find the original, or pin the new bytes on purpose$",
    ):
        fetch(archive_at(url, pin=good))

    assert real_names(cache) == []
    assert web.requests == ["/x.tar"]


def test_a_source_with_wrong_bytes_is_followed_by_one_with_the_right_ones(
    web, fetch, good, tar_of, archive_at
):
    web.on("/mirror/x.tar", web.gives(tar_of({"x/conv1_weights": b"another"})))
    url = web.on("/x.tar", web.gives(good))

    got = fetch(archive_at(url, pin=good), mirror=f"{web.base}/mirror")

    assert got.source == url
    assert web.requests == ["/mirror/x.tar", "/x.tar"]


def test_a_known_size_is_enforced_without_a_digest(web, fetch, good, archive_at):
    url = web.on("/x.tar", web.gives(good))

    with pytest.raises(
        WrongArchive, match=rf"expected 7 bytes, got .*: {len(good)} by"
    ):
        fetch(archive_at(url, size_bytes=7))


def test_a_page_in_the_archives_place_is_unavailable_not_wrong(
    web, fetch, good, archive_at
):
    url = web.on("/x.tar", web.gives(b"<html>log in</html>"))

    with pytest.raises(ArchiveUnavailable, match="answered with a page"):
        fetch(archive_at(url, pin=good))


def test_an_endless_archive_is_cut_off(web, fetch, good, archive_at, cache):
    url = web.on("/x.tar", web.gives(good))

    with pytest.raises(ArchiveUnavailable, match="more than 100 bytes"):
        fetch(archive_at(url), patience=Patience(largest_bytes=100))

    assert real_names(cache) == []


@pytest.mark.parametrize("pinned", [True, False], ids=["pinned", "unpinned"])
def test_cached_bytes_that_were_altered_are_fetched_again(
    web, fetch, good, archive_at, pinned
):
    archive = archive_at(
        web.on("/x.tar", web.gives(good)), pin=good if pinned else None
    )
    got = fetch(archive)
    got.path.write_bytes(good[:-1] + b"!")

    assert fetch(archive) == got
    assert got.path.read_bytes() == good
    assert len(web.requests) == 2


def test_altered_bytes_in_the_cache_are_named_when_nobody_serves_others(
    web, fetch, good, archive_at
):
    archive = archive_at(web.on("/x.tar", web.gives(good)))
    got = fetch(archive)
    got.path.write_bytes(b"altered")

    with pytest.raises(
        ArchiveUnavailable,
        match=r"^archive x: not on this machine, and offline; expected a cached copy "
        r"or a local source, got cache \S+/x.tar: altered since it was fetched \(7 "
        r"bytes, sha256 \w+; noted \d+ bytes, sha256 \w+\); go online, or give "
        r"--mirror a folder that holds x.tar$",
    ):
        fetch(archive, offline=True)


def test_bytes_cached_before_they_were_pinned_must_be_the_pinned_ones(
    web, fetch, good, tar_of, archive_at
):
    other = tar_of({"x/conv1_weights": b"another"})
    url = web.on("/x.tar", web.gives(other), web.gives(good))
    fetch(archive_at(url))

    got = fetch(archive_at(url, pin=good))

    assert got.path.read_bytes() == good


def test_pinned_bytes_that_somebody_put_into_the_cache_are_their_own_source(
    fetch, good, archive_at, cache
):
    archive = archive_at("http://models.invalid/x.tar", pin=good)
    with pytest.raises(ArchiveUnavailable, match="got neither"):
        fetch(archive, offline=True)
    (folder,) = (cache / "archives-1").iterdir()
    (folder / "x.tar").write_bytes(good)

    got = fetch(archive, offline=True)

    assert got.source == (folder / "x.tar").as_uri()


def test_offline_asks_no_server(web, fetch, good, archive_at):
    archive = archive_at(web.on("/x.tar", web.gives(good)))

    with pytest.raises(ArchiveUnavailable, match="not on this machine, and offline"):
        fetch(archive, offline=True, mirror=web.base)

    assert web.requests == []


def test_offline_a_cached_archive_is_enough(web, fetch, good, archive_at):
    archive = archive_at(web.on("/x.tar", web.gives(good)))
    got = fetch(archive)

    assert fetch(archive, offline=True) == got


def test_a_cache_that_is_full_is_read_without_a_lock(web, fetch, good, archive_at):
    archive = archive_at(web.on("/x.tar", web.gives(good)))
    got = fetch(archive)
    (got.path.parent / ".lock").unlink(missing_ok=True)

    fetch(archive)

    assert not (got.path.parent / ".lock").exists()


def test_a_cache_that_cannot_be_made_is_a_usage_error(fetch, archive_at, tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(
        UsageError, match=r"file/cache: the cache cannot be written; expected a folder"
    ):
        fetch(archive_at("http://127.0.0.1:9/x.tar"), cache=tmp_path / "file/cache")


def test_an_interrupted_call_leaves_nothing(web, fetch, good, archive_at, cache):
    def interrupt(done_bytes, total_bytes):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(archive_at(web.on("/x.tar", web.gives(good))), progress=interrupt)

    assert real_names(cache) == []
    assert not list(cache.rglob(".part"))


def test_progress_sees_the_bytes_arrive(web, fetch, good, archive_at):
    told = []

    fetch(
        archive_at(web.on("/x.tar", web.gives(good))),
        progress=lambda done, total: told.append((done, total)),
    )

    assert told[-1] == (len(good), len(good))


def test_two_processes_at_once_make_one_download(
    web, process_that_fetches, good, cache
):
    reached, go = threading.Event(), threading.Event()
    url = web.on("/x.tar", web.holds(good, reached, go))

    first = process_that_fetches(url)
    assert reached.wait(60)
    second = process_that_fetches(url)
    time.sleep(0.3)  # right code cannot fail by it; a broken lock shows in it
    go.set()
    # Not communicate(): it does not see what readline() has read ahead.
    outputs = [process.stdout.read() for process in (first, second)]

    digest = hashlib.sha256(good).hexdigest() + "\n"
    assert outputs == ["empty\n" + digest, digest]
    assert web.requests == ["/x.tar"]
    assert real_names(cache) == ["x.tar"]


def test_a_process_killed_in_the_middle_leaves_nothing_under_the_real_name(
    web, process_that_fetches, fetch, good, archive_at, cache
):
    reached, go = threading.Event(), threading.Event()
    url = web.on("/x.tar", web.holds(good, reached, go), web.gives(good))
    process = process_that_fetches(url)
    assert reached.wait(60)
    process.kill()
    process.wait()
    go.set()

    assert real_names(cache) == []
    assert fetch(archive_at(url)).path.read_bytes() == good
    assert not list(cache.rglob(".part"))


def test_pinned_bytes_that_the_note_does_not_tell_of_are_their_own_source(
    web, fetch, good, tar_of, archive_at
):
    url = web.on("/x.tar", web.gives(tar_of({"x/conv1_weights": b"another"})))
    got = fetch(archive_at(url))
    got.path.write_bytes(good)

    assert fetch(archive_at(url, pin=good)).source == got.path.as_uri()
    assert len(web.requests) == 1


def test_a_damaged_archive_of_ones_own_mirror_is_named(
    fetch, good, archive_at, tmp_path
):
    (tmp_path / "x.tar").write_bytes(good[:2000])

    with pytest.raises(ArchiveUnreadable, match=r"what is there is no whole archive"):
        fetch(archive_at("http://models.invalid/x.tar"), mirror=str(tmp_path))


def test_a_file_of_this_machine_is_asked_once(fetch, archive_at, tmp_path):
    waits_s = []
    (tmp_path / "x.tar").touch()

    with pytest.raises(ArchiveUnreadable, match=r"x.tar: answered with nothing; put a"):
        fetch(archive_at((tmp_path / "x.tar").as_uri()), sleep=waits_s.append)

    assert waits_s == []


def test_a_half_archive_of_a_killed_process_is_no_start(
    web, fetch, good, archive_at, cache
):
    archive = archive_at(web.on("/x.tar", web.gives(good)))
    entry = entry_of(archive, cache)
    entry.folder.mkdir(parents=True)
    entry.part_path.write_bytes(b"x" * 100_000)

    assert fetch(archive).path.read_bytes() == good
    assert not entry.part_path.exists()


def test_each_source_has_its_own_time(web, fetch, good, archive_at, monkeypatch):
    """The first one has used up its own before the second is asked."""
    begun = []
    pace = Patience.pace
    monkeypatch.setattr(Patience, "pace", lambda self: begun.append(1) or pace(self))
    moved = web.on("/moved.tar", web.gives(good))
    archive = archive_at(web.on("/x.tar", web.says(503)), moves=(moved,))

    fetch(archive)

    assert web.requests == ["/x.tar"] * 3 + ["/moved.tar"]
    assert len(begun) == 2


def test_what_was_decided_is_logged(web, fetch, good, archive_at, caplog):
    caplog.set_level("INFO", logger="harness.artifact")
    url = web.on("/x.tar", web.says(503), web.says(404))
    moved = web.on("/moved.tar", web.gives(good))
    archive = archive_at(url, moves=(moved,), pin=good)

    got = fetch(archive)
    fetch(archive)

    assert caplog.messages == [
        f"x: asking {url}",
        f"x: {url}: HTTP 503 Service Unavailable; asked again after 1 s",
        f"x: {url}: HTTP 404 Not Found; left for the next source",
        f"x: asking {moved}",
        f"{moved}: its digest is the pinned one",
        f"x: {len(good)} bytes, sha256 {got.sha256}",
        "x: taken from the cache",
    ]
    assert {one.levelname for one in caplog.records} == {"INFO"}


def test_a_fetch_that_gives_up_is_logged_printable(web, fetch, archive_at, caplog):
    caplog.set_level("INFO", logger="harness.artifact")

    def hostile(handler):
        handler.wfile.write(b"HTTP/1.1 404 \x1b[2J\r\n\r\n")

    url = web.on("/x.tar", hostile)
    with pytest.raises(ArchiveUnavailable):
        fetch(archive_at(url))

    assert caplog.messages == [
        f"x: asking {url}",
        rf"x: {url}: HTTP 404 \x1b[2J; no source is left",
    ]
