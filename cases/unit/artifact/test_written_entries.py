"""What is written of an archive, and what of it is never written."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from harness.artifact.archive.entries import Limits
from harness.artifact.written_entries import is_taken, write_entries
from harness.errors import ArchiveUnreadable


def zipped(path: Path, files: dict[str, bytes], **modes: int) -> Path:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = modes.get(name, stat.S_IFREG | 0o644) << 16
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    path.write_bytes(out.getvalue())
    return path


FILES = {"val/a.jpg": b"A", "val/sub/b.jpg": b"B", "valley/c.jpg": b"C", "d.txt": b"D"}


def test_only_what_is_asked_for_is_written(tmp_path: Path) -> None:
    counts: list[int] = []
    path = zipped(tmp_path / "x.zip", FILES)

    files = write_entries(
        path, tmp_path / "out", only=("val", "d.txt"), telling=counts.append
    )

    assert sorted(files) == ["d.txt", "val/a.jpg", "val/sub/b.jpg"]
    assert (tmp_path / "out" / "val" / "sub" / "b.jpg").read_bytes() == b"B"
    assert not (tmp_path / "out" / "valley").exists()
    assert counts == [1, 2, 3]


def test_everything_is_written_when_nothing_is_named(tmp_path: Path) -> None:
    files = write_entries(zipped(tmp_path / "x.zip", FILES), tmp_path / "out")

    assert sorted(files) == sorted(FILES)


@pytest.mark.parametrize("name", ["../out.txt", "/etc/x", "a/../../x", "C:x"])
def test_a_name_that_leads_outside_is_refused_even_if_not_asked_for(
    tmp_path: Path, name: str
) -> None:
    path = zipped(tmp_path / "x.zip", {"val/a.jpg": b"A", name: b"evil"})

    with pytest.raises(ArchiveUnreadable, match=r"a path|an absolute path"):
        write_entries(path, tmp_path / "out", only=("val",))
    assert {one.name for one in tmp_path.iterdir()} <= {"x.zip", "out"}


def test_a_symbolic_link_is_refused_even_if_not_asked_for(tmp_path: Path) -> None:
    files = {"link": b"/etc/passwd", "val/a.jpg": b"A"}
    path = zipped(tmp_path / "x.zip", files, link=stat.S_IFLNK | 0o777)

    with pytest.raises(ArchiveUnreadable, match="neither a file nor a folder"):
        write_entries(path, tmp_path / "out", only=("val",))


def test_a_bomb_is_cut_off(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"val/a.jpg": bytes(5_000_000)})

    with pytest.raises(ArchiveUnreadable, match="unpacks to too much"):
        write_entries(path, tmp_path / "out", Limits(ratio=10, ratio_free_bytes=1000))


def test_too_many_entries_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnreadable, match="too many entries; expected at most 2"):
        write_entries(
            zipped(tmp_path / "x.zip", FILES), tmp_path / "out", Limits(entries=2)
        )


@pytest.mark.parametrize(
    ("name", "taken"),
    [("val", True), ("val/a", True), ("valley/a", False), ("x/val/a", False)],
)
def test_a_path_is_at_or_below_what_is_asked_for(name: str, taken: bool) -> None:
    assert is_taken(name, ("val",)) is taken


@pytest.mark.parametrize(
    ("name", "mode"), [("a/b/c", stat.S_IFREG), ("a/b/c/", stat.S_IFDIR)]
)
def test_folders_that_a_name_implies_are_counted(
    tmp_path: Path, name: str, mode: int
) -> None:
    path = zipped(tmp_path / "x.zip", {name: b"", "a/d": b""}, **{name: mode | 0o755})

    write_entries(path, tmp_path / "enough", Limits(entries=4))
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^entry 'a/d': too many files and folders; expected at most 3, got "
        r"more; do not trust this archive$",
    ):
        write_entries(path, tmp_path / "out", Limits(entries=3))

    assert len(list((tmp_path / "enough").rglob("*"))) == 4
    assert len(list((tmp_path / "out").rglob("*"))) == 3


def test_deep_names_make_no_more_than_the_limit(tmp_path: Path) -> None:
    """One entry of a few bytes could make hundreds of folders."""
    names = ["/".join([f"{n}", *"a" * 15]) for n in range(10)]
    path = zipped(tmp_path / "x.zip", dict.fromkeys(names, b""))

    with pytest.raises(ArchiveUnreadable, match="too many files and folders"):
        write_entries(path, tmp_path / "out", Limits(entries=100))
    assert len(list((tmp_path / "out").rglob("*"))) <= 100

    deeper = zipped(tmp_path / "y.zip", {"/".join("a" * 500): b""})
    with pytest.raises(ArchiveUnreadable, match="a name 500 folders deep"):
        write_entries(deeper, tmp_path / "none")
    assert not list((tmp_path / "none").iterdir())
