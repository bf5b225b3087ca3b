import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.registry.lock import read_lock, write_lock

Zoo = Callable[..., Any]  # conftest's fixture
ARCHIVE = "demo_yolov3_mobilenet_v1"
ROW = "yolov3-mobilenet_v1-coco-baseline-160"
LOCK = Path("expected", "archives.lock.toml")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.mark.parametrize("names", [[], [ROW], [ARCHIVE]], ids=["all", "row", "archive"])
def test_an_archive_is_fetched_by_any_of_its_names(
    home: Path, cache: Path, zoo: Zoo, names: list[str]
) -> None:
    said = zoo("fetch", *names, "--zoo", "demo", "--zoo-cache", cache)

    (line,) = said.out.splitlines()
    name, sha256, path = line.split(" ")
    assert said.code == 0
    assert name == f"{ARCHIVE}:"
    assert sha256 == read_lock(home / LOCK, "demo")[ARCHIVE].sha256
    assert Path(path).is_relative_to(cache)
    assert Path(path).is_file()
    assert f"fetching {ARCHIVE}: " in said.err


def test_the_json_of_a_fetch_says_where_it_came_from(
    home: Path, cache: Path, zoo: Zoo
) -> None:
    said = zoo("fetch", "--zoo", "demo", "--zoo-cache", cache, "--json")

    told = json.loads(said.out)
    (archive,) = told["archives"]
    pin = read_lock(home / LOCK, "demo")[ARCHIVE]
    assert told["zoo"] == "demo"
    assert archive["archive"] == ARCHIVE
    assert (archive["size_bytes"], archive["sha256"]) == (pin.size_bytes, pin.sha256)
    assert archive["source"].endswith(f"PaddleSlim/{ARCHIVE}.tar")
    assert archive["refusal"] is None
    assert Path(archive["path"]).is_relative_to(cache)


def test_what_nobody_serves_is_incomplete(home: Path, cache: Path, zoo: Zoo) -> None:
    row = "yolov3-mobilenet_v1-coco-prune_r578-608"
    words = ("fetch", row, "--offline", "--zoo-cache", cache)
    said, told = zoo(*words), json.loads(zoo(*words, "--json").out)

    assert (said.code, said.out) == (3, "")
    assert "not on this machine, and offline" in said.err
    (archive,) = told["archives"]
    assert "not on this machine, and offline" in archive.pop("refusal")
    assert archive == {
        "archive": "yolov3_mobilenet_v1_prune578",
        "path": None,
        "source": None,
        "sha256": None,
        "size_bytes": None,
    }


def test_bytes_that_are_not_the_pinned_ones_fail(
    home: Path, cache: Path, zoo: Zoo
) -> None:
    pins = dict(read_lock(home / LOCK, "demo"))
    text = (home / LOCK).read_text(encoding="utf-8")
    (home / LOCK).write_text(
        text.replace(pins[ARCHIVE].sha256, "0" * 64), encoding="utf-8"
    )
    said = zoo("fetch", "--zoo", "demo", "--zoo-cache", cache)

    assert said.code == 1
    assert "0" * 64 in said.err


def test_pinning_records_what_was_fetched(home: Path, cache: Path, zoo: Zoo) -> None:
    before = read_lock(home / LOCK, "demo")[ARCHIVE]
    write_lock(home / LOCK, "demo", {})
    unpinned = zoo("fetch", "--zoo", "demo", "--zoo-cache", cache)
    kept = read_lock(home / LOCK, "demo")
    pinned = zoo("fetch", "--zoo", "demo", "--zoo-cache", cache, "--pin")

    pin = read_lock(home / LOCK, "demo")[ARCHIVE]
    assert (unpinned.code, pinned.code) == (0, 0)
    assert kept == {}
    assert (pin.size_bytes, pin.sha256) == (before.size_bytes, before.sha256)


def test_a_name_of_nothing_is_a_usage_error(home: Path, cache: Path, zoo: Zoo) -> None:
    said = zoo("fetch", "nothing", "--zoo", "demo", "--zoo-cache", cache)

    assert said.code == 2
    assert "'nothing' is neither a row nor an archive of demo" in said.err
    assert not cache.exists()


def test_the_cache_is_the_option_or_its_twin(
    home: Path, cache: Path, zoo: Zoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_CACHE", str(cache))
    said = zoo("fetch", "--zoo", "demo")

    assert str(cache) in said.out
