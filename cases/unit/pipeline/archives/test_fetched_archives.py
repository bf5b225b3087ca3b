import hashlib
import io
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import ArchiveUnavailable, UsageError, WrongArchive
from harness.pipeline.archives.fetched_archives import (
    archives_of,
    fetch_archives,
    pin_archives,
)
from harness.pipeline.measure.settings import Settings
from harness.registry import location
from harness.registry.lock import read_lock
from harness.registry.zoo import open_zoo
from harness.values.rows import Zoo

SYNTHETIC = Path("cases", "unit", "data", "registry", "synthetic")


def tar_of(name: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo(f"{name}/weights")
        entry.size = len(name)
        tar.addfile(entry, io.BytesIO(name.encode()))
    return packed.getvalue()


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A home folder with one zoo, to be written to."""
    shutil.copytree(request.config.rootpath / SYNTHETIC, tmp_path / "home")
    shutil.copyfile(
        request.config.rootpath / "expected" / "tolerance.toml",
        tmp_path / "home" / "expected" / "tolerance.toml",
    )
    return tmp_path / "home"


@pytest.fixture
def zoo(home: Path) -> Zoo:
    return open_zoo(str(home / "cases" / "rows" / "synthetic"), home=home)


@pytest.fixture
def settings(tmp_path: Path, zoo: Zoo) -> Settings:
    """A mirror that serves every archive but the last."""
    for archive in list(zoo.archives.values())[:-1]:
        path = tmp_path / "mirror" / archive.url.partition("://")[2].partition("/")[2]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tar_of(archive.name))
    return Settings(
        cache=tmp_path / "cache",
        records=tmp_path / "records",
        data_root=None,
        mirror=str(tmp_path / "mirror"),
        offline=True,
    )


def test_no_name_means_every_archive_of_a_row_once(zoo: Zoo) -> None:
    names = [one.name for one in archives_of(zoo, [])]

    assert names == list(dict.fromkeys(row.archive for row in zoo.rows))


def test_a_row_names_its_archive_and_an_archive_itself(zoo: Zoo) -> None:
    row, archive = zoo.rows[0], zoo.archives[zoo.rows[-1].archive]

    assert [one.name for one in archives_of(zoo, [row.row_id])] == [row.archive]
    assert archives_of(zoo, [archive.name]) == (archive,)
    assert [one.name for one in archives_of(zoo, [row.row_id, row.archive])] == [
        row.archive
    ]


def test_a_name_of_neither_is_refused(zoo: Zoo) -> None:
    with pytest.raises(
        UsageError,
        match="'nothing' is neither a row nor an archive of synthetic; `zoo list`",
    ):
        archives_of(zoo, [zoo.rows[0].row_id, "nothing"])


def test_what_one_archive_refuses_does_not_stop_the_others(
    zoo: Zoo, settings: Settings
) -> None:
    *served, missing = zoo.archives.values()
    told: list[str] = []
    fetched = fetch_archives([missing, *served], settings, fetching=told.append)

    assert [one.archive for one in fetched] == [missing, *served]
    assert fetched[0].got is None
    assert isinstance(fetched[0].refusal, ArchiveUnavailable)
    assert all(one.got and one.refusal is None for one in fetched[1:])
    assert told == [one.archive.name for one in fetched]


def test_a_pinned_digest_is_enforced(zoo: Zoo, settings: Settings) -> None:
    archive = replace(next(iter(zoo.archives.values())), sha256="0" * 64)
    (fetched,) = fetch_archives([archive], settings)

    assert isinstance(fetched.refusal, WrongArchive)


def test_pins_hold_size_and_digest_of_what_was_fetched(
    zoo: Zoo, home: Path, settings: Settings
) -> None:
    fetched = fetch_archives(archives_of(zoo, []), settings)
    lock = pin_archives(zoo, home, fetched)

    pins = read_lock(lock, "synthetic")
    assert lock == home / "expected" / "archives.lock.toml"
    assert set(pins) == {one.archive.name for one in fetched if one.got}
    for name, pin in pins.items():
        content = tar_of(name)
        assert pin.size_bytes == len(content)
        assert pin.sha256 == hashlib.sha256(content).hexdigest()
    again = open_zoo(str(zoo.root), home=home)
    assert {one.name: one.sha256 for one in again.archives.values()} == {
        name: pins[name].sha256 if name in pins else None for name in zoo.archives
    }


def test_a_pin_that_is_there_is_kept(zoo: Zoo, home: Path, settings: Settings) -> None:
    fetched = fetch_archives(archives_of(zoo, []), settings)
    lock = pin_archives(zoo, home, fetched)
    before = lock.read_bytes()
    others = [
        replace(one, got=replace(one.got, sha256="1" * 64)) if one.got else one
        for one in fetched
    ]
    pin_archives(zoo, home, others)

    assert lock.read_bytes() == before


def test_the_pins_of_a_lone_folder_stay_in_it(
    zoo: Zoo, home: Path, tmp_path: Path, settings: Settings
) -> None:
    alone = tmp_path / "alone" / "mine"
    shutil.copytree(zoo.root, alone)
    shutil.copyfile(home / "expected" / "synthetic.csv", alone / "expected.csv")
    mine = open_zoo(str(alone), home=home)
    lock = pin_archives(mine, home, fetch_archives(archives_of(mine, []), settings))

    assert lock == alone / "archives.lock.toml"
    assert read_lock(lock, None)
    assert not (home / "expected" / "archives.lock.toml").exists()


def test_an_installed_package_is_not_pinned(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(location, "_SHIPPED", home)
    zoo = open_zoo("synthetic", home=home)
    lock = home / "expected" / "archives.lock.toml"
    before = lock.read_bytes() if lock.is_file() else None

    with pytest.raises(UsageError, match=r"^pins of archives of a zoo that was instal"):
        pin_archives(zoo, home, ())

    assert (lock.read_bytes() if lock.is_file() else None) == before
