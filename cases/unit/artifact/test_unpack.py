from __future__ import annotations

import io
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import pytest

import harness
from harness.artifact.archive.entries import Limits
from harness.artifact.unpack import unpack
from harness.errors import ArchiveUnreadable, UsageError
from harness.files.digest import file_sha256

# Says when it has found nothing there, and waits in the middle to be let go.
UNPACK_IN_A_PROCESS = """
import sys
from pathlib import Path
from harness.artifact import unpack
look, write = unpack._is_there, unpack.write_entries
def look_and_tell(*args):
    found = look(*args)
    if not found:
        print("nothing", flush=True)
    return found
def tell_and_write(*args):
    print("unpacking", flush=True)
    sys.stdin.readline()
    return write(*args)
unpack._is_there, unpack.write_entries = look_and_tell, tell_and_write
print(unpack.unpack(Path(sys.argv[1]), Path(sys.argv[2])), flush=True)
"""


@pytest.fixture
def at(tmp_path):
    def write(data: bytes, name: str = "x.tar") -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def member(name: str, **fields: object) -> bytes:
    """One entry of a tar, without data."""
    header = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(header, field, value)
    return header.tobuf(tarfile.GNU_FORMAT)


END = bytes(1024)


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def leftovers(cache: Path) -> list[str]:
    return [path.name for path in cache.rglob("*") if not path.name.endswith(".lock")]


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "zip"])
def test_an_archive_of_each_kind_becomes_its_folder(at, cache, tar_of, gzip_of, kind):
    files = {"x/conv1_weights": bytes(3000), "x/int/__model__": b"graph", "note": b""}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    data = {
        "tar": tar_of(files),
        "tar.gz": gzip_of(tar_of(files)),
        "zip": out.getvalue(),
    }[kind]

    assert files_in(unpack(at(data), cache)) == files


def test_the_folder_is_named_by_the_archives_digest(at, cache, good):
    path = at(good)

    assert unpack(path, cache) == cache / "folders-1" / file_sha256(path)


def test_the_second_call_does_nothing(at, cache, good):
    folder = unpack(at(good), cache)
    before = {path: path.stat() for path in [folder, *folder.rglob("*")]}

    assert unpack(at(good, "same_bytes.tar"), cache) == folder
    assert {path: path.stat().st_mtime_ns for path in before} == {
        path: was.st_mtime_ns for path, was in before.items()
    }


def test_two_archives_have_two_folders(at, cache, good, tar_of):
    first = unpack(at(good), cache)
    second = unpack(at(tar_of({"y/conv1_weights": b"1"}), "y.tar"), cache)

    assert list(files_in(second)) == ["y/conv1_weights"]
    assert "y/conv1_weights" not in files_in(first)


@pytest.mark.parametrize("harm", ["byte", "missing", "extra", "link", "list", "folder"])
def test_a_folder_that_was_touched_is_unpacked_again(at, cache, good, harm):
    path = at(good)
    folder = unpack(path, cache)
    files = files_in(folder)
    weights = folder / "x/conv1_weights"
    match harm:
        case "byte":
            weights.write_bytes(b"!" + weights.read_bytes()[1:])
        case "missing":
            weights.unlink()
        case "extra":
            (folder / "x/extra").touch()
        case "link":
            weights.rename(folder.parent / "moved")
            weights.symlink_to(folder.parent / "moved")
        case "list":
            (folder.parent / f"{folder.name}.json").write_text("{}")
        case "folder":
            shutil.rmtree(folder)

    assert unpack(path, cache) == folder
    assert files_in(folder) == files
    assert not weights.is_symlink()


def test_modes_of_the_archive_are_not_taken_over(at, cache):
    data = member("x", type=tarfile.DIRTYPE, mode=0) + member("x/a", mode=0o6777) + END

    folder = unpack(at(data), cache)

    mode = stat.S_IMODE((folder / "x/a").stat().st_mode)
    assert not mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IXUSR)
    assert mode & stat.S_IRUSR


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("../outside", "a path that leads outside"),
        ("x/../../outside", "a path that leads outside"),
        ("/outside", "an absolute path"),
        ("x\\..\\outside", "a backslash or a character that cannot be printed"),
    ],
)
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_an_entry_that_leads_outside_is_refused_by_name(
    at, cache, tmp_path, tar_of, kind, name, what
):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, b"harm")
    data = tar_of({"x/a": b"1", name: b"harm"}) if kind == "tar" else out.getvalue()

    with pytest.raises(ArchiveUnreadable) as refused:
        unpack(at(data), cache)

    assert str(refused.value) == (
        f"x.tar: entry {name!r}: {what}; expected a relative name inside the archive's "
        f"folder, got {name!r}; do not trust this archive"
    )
    assert leftovers(cache) == ["folders-1"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "x.tar"]


@pytest.mark.parametrize(
    ("fields", "described"),
    [
        ({"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}, "symbolic link"),
        ({"type": tarfile.SYMTYPE, "linkname": "a"}, "symbolic link"),
        ({"type": tarfile.LNKTYPE, "linkname": "x/a"}, "hard link"),
        ({"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 5}, "device"),
        ({"type": tarfile.BLKTYPE}, "device"),
        ({"type": tarfile.FIFOTYPE}, "pipe"),
    ],
)
def test_only_files_and_folders_are_written(at, cache, fields, described):
    data = member("x/a") + member("x/odd", **fields) + END

    with pytest.raises(
        ArchiveUnreadable,
        match=rf"^x.tar: entry 'x/odd': neither a file nor a folder; expected regular "
        rf"files and folders only, got {described}; do not trust this archive$",
    ):
        unpack(at(data), cache)

    assert leftovers(cache) == ["folders-1"]


def test_a_link_in_a_zip_is_refused(at, cache):
    link = zipfile.ZipInfo("x/odd")
    link.create_system = 3  # Unix: the upper half of external_attr is the mode
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(link, "/etc/passwd")

    with pytest.raises(ArchiveUnreadable, match=r"'x/odd': neither .* symbolic link;"):
        unpack(at(out.getvalue()), cache)


def test_a_sparse_file_is_refused(at, cache):
    data = member("x/odd", type=tarfile.GNUTYPE_SPARSE) + END

    with pytest.raises(
        ArchiveUnreadable, match=r"'x/odd': neither .* got sparse file;"
    ):
        unpack(at(data), cache)


@pytest.mark.parametrize(
    "names", [("x/a", "x/a"), ("x", "x/a")], ids=["a name twice", "below a file"]
)
def test_entries_that_clash_are_refused(at, cache, names):
    data = b"".join(member(name) for name in names) + END

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^x.tar: entry 'x/a': clashes with an entry before it; expected each "
        r"name once, got regular file over what is already there; pack the "
        r"archive again$",
    ):
        unpack(at(data), cache)


def test_a_folder_may_come_twice(at, cache):
    folder = member("x", type=tarfile.DIRTYPE)

    assert files_in(unpack(at(folder + folder + member("x/a") + END), cache)) == {
        "x/a": b""
    }


def test_too_many_entries_are_refused(at, cache, tar_of):
    path = at(tar_of({f"{n}": b"" for n in range(4)}))

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^x.tar: too many entries; expected at most 3, got more; do not trust "
        r"this archive$",
    ):
        unpack(path, cache, Limits(entries=3))
    assert len(files_in(unpack(path, cache, Limits(entries=4)))) == 4


@pytest.mark.parametrize("kind", ["tar.gz", "zip"])
def test_a_bomb_is_refused_by_its_ratio(at, cache, tar_of, gzip_of, kind):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/a", b"small")
        archive.writestr("x/bomb", bytes(3 << 20))
    tar = tar_of({"x/a": b"small", "x/bomb": bytes(3 << 20)})
    path = at(gzip_of(tar) if kind == "tar.gz" else out.getvalue())
    room_bytes = Limits().room_bytes(path.stat().st_size) - len(b"small")

    with pytest.raises(
        ArchiveUnreadable,
        match=rf"^x.tar: entry 'x/bomb': unpacks to too much; expected at most "
        rf"{room_bytes} bytes from here on, got more; do not trust this archive$",
    ):
        unpack(path, cache)

    assert leftovers(cache) == ["folders-1"]


def test_the_total_is_limited_to_the_byte(at, cache, tar_of):
    path = at(tar_of({"x/a": bytes(60), "x/b": bytes(40)}))

    with pytest.raises(ArchiveUnreadable, match="'x/b': unpacks to too much"):
        unpack(path, cache, Limits(total_bytes=99))
    assert len(files_in(unpack(path, cache, Limits(total_bytes=100)))) == 2


def test_small_archives_may_have_any_ratio():
    limits = Limits(ratio=2.0, ratio_free_bytes=100, total_bytes=1000)

    assert [limits.room_bytes(size) for size in (1, 50, 51, 499, 501)] == [
        100,
        100,
        102,
        998,
        1000,
    ]


def test_a_truncated_archive_names_the_entry_it_stops_in(at, cache, good):
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^x.tar: entry 'x/conv1_weights': damaged or cut short; expected "
        r"10240 bytes, got 2488; fetch it again$",
    ):
        unpack(at(good[:3000]), cache)

    assert leftovers(cache) == ["folders-1"]


def test_a_damaged_list_names_the_entry_before(at, cache, tar_of):
    data = bytearray(tar_of({"x/a": b"1", "x/b": b"2"}))
    data[1024] ^= 1

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^x.tar: after 'x/a': damaged or cut short; expected another entry or "
        r"the end mark, got b'\S+'; fetch it again$",
    ):
        unpack(at(bytes(data)), cache)


def test_a_flipped_bit_in_a_gzip_stream_is_found(at, cache, gzip_of, tar_of):
    data = bytearray(gzip_of(tar_of({"x/a": os.urandom(5000)})))
    data[len(data) // 2] ^= 1

    with pytest.raises(ArchiveUnreadable, match="damaged or cut short"):
        unpack(at(bytes(data)), cache)


def test_a_page_is_not_unpacked(at, cache):
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^x.tar: not an archive; expected a tar, tar.gz or zip, got a file that "
        r"starts b'<html>'; look at what its address serves$",
    ):
        unpack(at(b"<html>"), cache)


def test_what_a_killed_process_left_is_removed(at, cache, good):
    path = at(good)
    left = cache / "folders-1" / f".{file_sha256(path)}.new-left"
    (left / "content").mkdir(parents=True)

    unpack(path, cache)

    assert not left.exists()


def test_a_cache_that_cannot_be_made_is_a_usage_error(at, good, tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(UsageError, match="file/cache: the cache cannot be written"):
        unpack(at(good), tmp_path / "file/cache")


@pytest.fixture
def process_that_unpacks(cache):
    started = []

    def start(path: Path) -> subprocess.Popen[str]:
        root = Path(harness.__file__).parent.parent
        process = subprocess.Popen(
            [sys.executable, "-c", UNPACK_IN_A_PROCESS, str(path), str(cache)],
            stdin=subprocess.PIPE,
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
        assert process.stdout.readline() == "nothing\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_two_processes_at_once_unpack_once(at, cache, good, process_that_unpacks):
    path = at(good)

    first = process_that_unpacks(path)
    assert [first.stdout.readline(), first.stdout.readline()] == [
        "nothing\n",
        "unpacking\n",
    ]
    second = process_that_unpacks(path)
    time.sleep(0.3)  # right code cannot fail by it; a broken lock shows in it
    for process in (first, second):
        process.stdin.write("go\n")
        process.stdin.flush()
    # Not communicate(): it does not see what readline() has read ahead.
    outputs = [process.stdout.read() for process in (first, second)]

    folder = f"{cache / 'folders-1' / file_sha256(path)}\n"
    assert outputs == [folder, folder]


def test_a_process_killed_in_the_middle_leaves_no_folder(
    at, cache, good, process_that_unpacks
):
    path = at(good)
    process = process_that_unpacks(path)
    assert process.stdout.readline() == "nothing\n"
    assert process.stdout.readline() == "unpacking\n"
    process.kill()
    process.wait()

    folder = cache / "folders-1" / file_sha256(path)
    assert not folder.exists()
    assert unpack(path, cache) == folder
    assert sorted(leftovers(folder.parent))[:2] == [folder.name, f"{folder.name}.json"]


def test_what_was_unpacked_and_what_was_there_is_logged(at, cache, good, caplog):
    caplog.set_level("INFO", logger="harness.artifact")

    unpack(at(good), cache)
    unpack(at(good), cache)

    assert caplog.messages == [
        "x.tar: unpacked, 2 files",
        "x.tar: its folder is in the cache",
    ]


def test_an_entry_two_folders_below_a_file_clashes(at, cache):
    data = member("x") + member("x/a/b") + END

    with pytest.raises(ArchiveUnreadable, match=r"^x.tar: entry 'x/a/b': clashes with"):
        unpack(at(data), cache)
