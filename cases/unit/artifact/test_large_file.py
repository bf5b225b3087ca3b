"""Files that are gone on with, checked by whatever digest was published."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.artifact.fetch import LargeFile, WantedFile, fetch_large
from harness.artifact.patience import LARGE_PATIENCE
from harness.artifact.refusal import file_digest
from harness.artifact.server import serve_folder
from harness.errors import ArchiveUnavailable, ArchiveUnreadable, WrongArchive


def zip_of(content: bytes = b"x" * 5000) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a/b.jpg", content)
    return out.getvalue()


WHOLE = zip_of()


def wanted(*urls: str, content: bytes | None = WHOLE, **fields: Any) -> WantedFile:
    digests = () if content is None else (f"md5:{hashlib.md5(content).hexdigest()}",)
    given = {"name": "x.zip", "urls": urls, "size_bytes": None, "digests": digests}
    return WantedFile(**{**given, **fields})


def fetch(one: WantedFile, folder: Path, **options: Any) -> LargeFile:
    given = {"mirror": None, "offline": False, "sleep": lambda wait_s: None}
    return fetch_large(one, folder=folder, **{**given, **options})


def test_the_file_appears_whole_and_alone(web: Any, tmp_path: Path) -> None:
    seen = []
    got = fetch(
        wanted(web.on("/x.zip", web.gives(WHOLE))),
        tmp_path,
        progress=lambda done, total: seen.append((done, total)),
    )

    assert got.path == tmp_path / "x.zip"
    assert got.path.read_bytes() == WHOLE
    assert (got.source, got.size_bytes) == (f"{web.base}/x.zip", len(WHOLE))
    assert {one.name for one in tmp_path.iterdir()} == {"x.zip", ".x.zip.lock"}
    assert seen[-1] == (len(WHOLE), len(WHOLE))


def test_what_is_there_is_not_asked_for_again(web: Any, tmp_path: Path) -> None:
    one = wanted(web.on("/x.zip", web.gives(WHOLE)))
    fetch(one, tmp_path)
    again = fetch(one, tmp_path)

    assert web.requests == ["/x.zip"]
    assert again.source == (tmp_path / "x.zip").as_uri()


def test_what_was_begun_is_gone_on_with(tmp_path: Path) -> None:
    served, into = tmp_path / "served", tmp_path / "into"
    served.mkdir()
    into.mkdir()
    (served / "x.zip").write_bytes(WHOLE)
    (into / ".x.zip.part").write_bytes(WHOLE[:3000])
    seen: list[int] = []
    with serve_folder(served) as base:
        got = fetch(
            wanted(f"{base}/x.zip"),
            into,
            progress=lambda done, total: seen.append(done),
        )

    assert got.path.read_bytes() == WHOLE
    assert seen[0] > 3000
    assert (into / ".x.zip.part").exists() is False


def test_a_transfer_that_gets_further_each_time_is_not_given_up(
    web: Any, tmp_path: Path
) -> None:
    def rest(handler: Any) -> None:
        """Give 700 bytes more and hang up."""
        first = int(handler.headers.get("Range", "bytes=0-")[6:-1])
        handler.send_response(206 if first else 200)
        if first:
            whole = f"bytes {first}-{len(WHOLE) - 1}/{len(WHOLE)}"
            handler.send_header("Content-Range", whole)
        handler.send_header("Content-Length", str(len(WHOLE) - first))
        handler.end_headers()
        handler.wfile.write(WHOLE[first : first + 700])

    patience = replace(LARGE_PATIENCE, further_bytes=700)
    got = fetch(wanted(web.on("/x.zip", rest)), tmp_path, patience=patience)

    assert got.path.read_bytes() == WHOLE
    assert len(web.requests) == -(-len(WHOLE) // 700)


def test_a_byte_for_each_connection_is_not_getting_further(
    web: Any, tmp_path: Path
) -> None:
    def byte(handler: Any) -> None:
        """Give the next byte and hang up."""
        first = int(handler.headers.get("Range", "bytes=0-")[6:-1])
        handler.send_response(206 if first else 200)
        whole = f"bytes {first}-{len(WHOLE) - 1}/{len(WHOLE)}"
        handler.send_header("Content-Range", whole)
        handler.send_header("Content-Length", str(len(WHOLE) - first))
        handler.end_headers()
        handler.wfile.write(WHOLE[first : first + 1])

    one = wanted(web.on("/x.zip", byte))

    with pytest.raises(ArchiveUnavailable, match=r"cut short: 3 of .*give --mirror"):
        fetch(one, tmp_path)
    assert len(web.requests) == LARGE_PATIENCE.tries


def test_a_source_that_breaks_and_ends_wrongly_by_turns_is_left(
    web: Any, tmp_path: Path
) -> None:
    wrong = zip_of(b"y" * 5000)

    def turns(handler: Any) -> None:
        """Break off the start, and give a rest that is not the right one."""
        if len(web.requests) > 20:  # what is never left would be asked for ever
            handler.send_error(404)
            return
        first = int(handler.headers.get("Range", "bytes=0-")[6:-1])
        handler.send_response(206 if first else 200)
        whole = f"bytes {first}-{len(wrong) - 1}/{len(wrong)}"
        handler.send_header("Content-Range", whole)
        handler.send_header("Content-Length", str(len(wrong) - first))
        handler.end_headers()
        handler.wfile.write(wrong[first:] if first else wrong[:1000])

    one = wanted(web.on("/x.zip", turns))

    with pytest.raises(WrongArchive, match=r"the bytes are not the pinned ones"):
        fetch(one, tmp_path, patience=replace(LARGE_PATIENCE, further_bytes=1))
    assert len(web.requests) == 4


def test_all_tries_of_a_source_share_its_time(web: Any, tmp_path: Path) -> None:
    one = wanted(web.on("/x.zip", web.gives(WHOLE)))

    with pytest.raises(ArchiveUnavailable, match=r"not done after 0 s, the longest"):
        fetch(one, tmp_path, patience=replace(LARGE_PATIENCE, longest_s=0.0))
    assert web.requests == []


def test_the_start_of_another_version_is_thrown_away(tmp_path: Path) -> None:
    served, into = tmp_path / "served", tmp_path / "into"
    served.mkdir()
    into.mkdir()
    (served / "x.zip").write_bytes(WHOLE)
    (into / ".x.zip.part").write_bytes(b"another version")
    with serve_folder(served) as base:
        got = fetch(wanted(f"{base}/x.zip"), into)

    assert got.path.read_bytes() == WHOLE


def test_a_start_that_is_longer_than_the_file_is_thrown_away(tmp_path: Path) -> None:
    served, into = tmp_path / "served", tmp_path / "into"
    served.mkdir()
    into.mkdir()
    (served / "x.zip").write_bytes(WHOLE)
    (into / ".x.zip.part").write_bytes(WHOLE + b"more")
    with serve_folder(served) as base:
        got = fetch(wanted(f"{base}/x.zip"), into)

    assert got.path.read_bytes() == WHOLE


def test_without_a_digest_nothing_is_gone_on_with(web: Any, tmp_path: Path) -> None:
    (tmp_path / ".x.zip.part").write_bytes(b"another version")
    one = wanted(web.on("/x.zip", web.gives(WHOLE)), content=None)

    assert fetch(one, tmp_path).path.read_bytes() == WHOLE


def test_a_file_that_was_altered_is_fetched_again(web: Any, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"altered")
    one = wanted(web.on("/x.zip", web.gives(WHOLE)))

    assert fetch(one, tmp_path).path.read_bytes() == WHOLE


def test_any_published_digest_is_enough(web: Any, tmp_path: Path) -> None:
    other = zip_of(b"packed anew")
    one = wanted(
        web.on("/x.zip", web.gives(other)),
        digests=(
            f"sha256:{hashlib.sha256(WHOLE).hexdigest()}",
            f"sha1:{hashlib.sha1(other).hexdigest()}",
        ),
    )

    assert fetch(one, tmp_path).path.read_bytes() == other


def test_other_bytes_are_told_and_never_kept(web: Any, tmp_path: Path) -> None:
    one = wanted(web.on("/x.zip", web.gives(zip_of(b"other"))), size_bytes=len(WHOLE))

    with pytest.raises(
        WrongArchive, match=rf"x\.zip: the bytes are not .*expected {len(WHOLE)} bytes"
    ):
        fetch(one, tmp_path)
    assert {one.name for one in tmp_path.iterdir()} == {".x.zip.lock"}


def test_a_page_in_its_place_is_no_other_version(web: Any, tmp_path: Path) -> None:
    one = wanted(web.on("/x.zip", web.gives(b"<html>please log in")))

    with pytest.raises(ArchiveUnavailable, match="answered with a page that starts"):
        fetch(one, tmp_path)


@pytest.mark.parametrize("content", [WHOLE[:-30], b"<html>"])
def test_without_a_digest_it_must_be_a_whole_archive(
    web: Any, tmp_path: Path, content: bytes
) -> None:
    one = wanted(web.on("/x.zip", web.gives(content)), content=None)

    with pytest.raises(ArchiveUnavailable, match="archive"):
        fetch(one, tmp_path)


def test_without_a_digest_the_size_must_agree(web: Any, tmp_path: Path) -> None:
    one = wanted(web.on("/x.zip", web.gives(WHOLE)), content=None, size_bytes=7)

    with pytest.raises(WrongArchive, match="expected 7 bytes"):
        fetch(one, tmp_path)


def test_the_mirror_is_asked_first_and_then_each_address(
    web: Any, tmp_path: Path
) -> None:
    web.on("/gone/x.zip", web.says(404))
    last = web.on("/moved/x.zip", web.gives(WHOLE))
    one = wanted(f"{web.base}/gone/x.zip", last)

    got = fetch(one, tmp_path, mirror=f"{web.base}/mirror")

    assert web.requests == [
        "/mirror/gone/x.zip",
        "/mirror/moved/x.zip",
        "/gone/x.zip",
        "/moved/x.zip",
    ]
    assert got.source == last


def test_offline_a_folder_serves_as_a_mirror(tmp_path: Path) -> None:
    path = tmp_path / "mirror" / "zips" / "x.zip"
    path.parent.mkdir(parents=True)
    path.write_bytes(WHOLE)
    one = wanted("http://127.0.0.1:1/zips/x.zip")

    got = fetch(one, tmp_path / "into", mirror=str(tmp_path / "mirror"), offline=True)

    assert got.path.read_bytes() == WHOLE


def test_a_local_source_goes_on_with_what_was_begun(tmp_path: Path) -> None:
    (tmp_path / "served.zip").write_bytes(WHOLE)
    (tmp_path / "into").mkdir()
    (tmp_path / "into" / ".x.zip.part").write_bytes(WHOLE[:100])

    got = fetch(wanted((tmp_path / "served.zip").as_uri()), tmp_path / "into")

    assert got.path.read_bytes() == WHOLE


def test_offline_says_so(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnavailable, match="not on this machine, and offline"):
        fetch(wanted("http://127.0.0.1:1/x.zip"), tmp_path, offline=True)


def test_a_source_that_keeps_failing_is_left(web: Any, tmp_path: Path) -> None:
    waits: list[float] = []
    one = wanted(web.on("/x.zip", web.says(503)))

    with pytest.raises(ArchiveUnavailable, match="HTTP 503"):
        fetch(one, tmp_path, sleep=waits.append)
    assert len(web.requests) == LARGE_PATIENCE.tries
    assert waits == [1.0, 2.0]


def test_an_answer_with_another_part_is_not_joined(web: Any, tmp_path: Path) -> None:
    def another_part(handler: Any) -> None:
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes 5-9/{len(WHOLE)}")
        handler.send_header("Content-Length", "5")
        handler.end_headers()
        handler.wfile.write(WHOLE[5:10])

    (tmp_path / ".x.zip.part").write_bytes(WHOLE[:3000])
    one = wanted(web.on("/x.zip", another_part))

    with pytest.raises(ArchiveUnavailable, match=r"'bytes 5-9/\d+', not with the rest"):
        fetch(one, tmp_path)


def test_an_endless_answer_is_cut_off(web: Any, tmp_path: Path) -> None:
    one = wanted(web.on("/x.zip", web.gives(WHOLE)))

    with pytest.raises(ArchiveUnavailable, match="more than 100 bytes"):
        fetch(one, tmp_path, patience=replace(LARGE_PATIENCE, largest_bytes=100))


def test_a_digest_is_written_as_facts_have_it(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")

    assert file_digest(tmp_path / "x", "md5") == "md5:900150983cd24fb0d6963f7d28e17f72"


def test_what_is_there_and_wrong_is_told_when_nobody_serves_the_right_bytes(
    tmp_path: Path,
) -> None:
    (tmp_path / "x.zip").write_bytes(b"altered")
    digest = hashlib.md5(b"altered").hexdigest()

    with pytest.raises(
        WrongArchive, match=rf"got {tmp_path}/x\.zip: 7 bytes, md5 {digest}; find the"
    ):
        fetch(wanted("http://127.0.0.1:1/x.zip"), tmp_path, offline=True)
    assert (tmp_path / "x.zip").read_bytes() == b"altered"


def test_the_published_size_and_sha256_are_told_as_expected(
    web: Any, tmp_path: Path
) -> None:
    sha256 = hashlib.sha256(WHOLE).hexdigest()
    one = wanted(
        web.on("/x.zip", web.gives(b"others")),
        digests=(f"md5:{'0' * 32}", f"sha256:{sha256}"),
        size_bytes=5,
    )
    told = ", ".join(
        f"{name} {hashlib.new(name, b'others').hexdigest()}"
        for name in ("md5", "sha256")
    )

    with pytest.raises(WrongArchive, match=rf"expected 5 bytes, sha256 {sha256}, got"):
        fetch(one, tmp_path)
    with pytest.raises(WrongArchive, match=rf": 6 bytes, {told}; find"):
        fetch(one, tmp_path)


def test_a_published_size_is_enough_where_no_digest_is(
    web: Any, tmp_path: Path
) -> None:
    one = wanted(
        web.on("/x.zip", web.gives(WHOLE)), content=None, size_bytes=len(WHOLE)
    )

    assert fetch(one, tmp_path).size_bytes == len(WHOLE)


def test_a_page_in_the_place_of_a_file_on_disk_is_told(tmp_path: Path) -> None:
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "x.zip").write_bytes(b"<html>saved as x.zip")
    one = wanted("http://127.0.0.1:1/x.zip")

    with pytest.raises(ArchiveUnreadable, match="answered with a page that starts b'<"):
        fetch(one, tmp_path / "into", mirror=str(tmp_path / "mirror"), offline=True)


def test_a_dataset_may_hold_more_files_than_a_model(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(20_001):
            archive.writestr(f"{number}", b"")
    (tmp_path / "x.zip").write_bytes(out.getvalue())

    got = fetch(wanted((tmp_path / "x.zip").as_uri(), content=None), tmp_path / "into")

    assert got.size_bytes == len(out.getvalue())


def test_a_broken_transfer_without_a_digest_leaves_nothing(
    web: Any, tmp_path: Path
) -> None:
    answer = web.gives(WHOLE[:100], promised_bytes=len(WHOLE))
    one = wanted(web.on("/x.zip", answer), content=None)

    with pytest.raises(ArchiveUnavailable, match=r"cut short: 100 of \d+ bytes; give"):
        fetch(one, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} <= {".x.zip.lock"}


def test_a_broken_transfer_with_a_digest_stays_for_the_next_run(
    web: Any, tmp_path: Path
) -> None:
    answer = web.gives(WHOLE[:100], promised_bytes=len(WHOLE))
    one = wanted(web.on("/x.zip", answer, web.says(404)))

    with pytest.raises(ArchiveUnavailable, match="HTTP 404"):
        fetch(one, tmp_path)
    assert (tmp_path / ".x.zip.part").read_bytes() == WHOLE[:100]


def test_what_is_gone_on_with_and_begun_anew_is_logged(
    web: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "served.zip").write_bytes(WHOLE)
    into = tmp_path / "into"
    into.mkdir()
    (into / ".x.zip.part").write_bytes(b"another version")
    address = (tmp_path / "served.zip").as_uri()
    caplog.set_level("INFO", logger="harness.artifact")

    fetch(wanted(address), into)
    fetch(wanted(address), into)

    assert [one for one in caplog.messages if "sha256" not in one] == [
        f"x.zip: asking {address}",
        f"{address}: 15 bytes are there, gone on from byte 15",
        next(one for one in caplog.messages if one.endswith("after 0 s")),
        f"{address}: its digest is a published one",
        f"{into}/x.zip: its digest is a published one",
        f"{into}/x.zip: taken as it is on disk",
    ]


def test_a_transfer_that_is_not_gone_on_with_gets_no_further(
    web: Any, tmp_path: Path
) -> None:
    answer = web.gives(WHOLE[:100], promised_bytes=len(WHOLE))
    one = wanted(web.on("/x.zip", answer), content=None)

    with pytest.raises(ArchiveUnavailable, match="cut short"):
        fetch(one, tmp_path, patience=replace(LARGE_PATIENCE, further_bytes=1))
    assert len(web.requests) == 3
