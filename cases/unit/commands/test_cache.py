import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.pipeline.archives import cache_contents
from harness.pipeline.archives.cache_contents import CacheItem

Run = Callable[..., object]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    for name in ("archives-1/x.tar-0123/x.tar", "detections-1/cd/part-00000.npz"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_bytes(bytes(1_500_000))
    return tmp_path


def test_a_cache_is_listed(zoo: Run, cache: Path) -> None:
    said = zoo("cache", "list", "--zoo-cache", cache)

    assert said.code == 0
    assert said.out.splitlines() == [
        "name                   kind        MB   days old",
        "archives-1/x.tar-0123  archives    1.5  0",
        "detections-1/cd        detections  1.5  0",
        f"{cache}: 2 items, 3.0 MB",
    ]
    told = json.loads(zoo("cache", "list", "--zoo-cache", cache, "--json").out)
    assert [one["size_bytes"] for one in told["items"]] == [1_500_000] * 2


def test_an_empty_cache_is_told(zoo: Run, tmp_path: Path) -> None:
    said = zoo("cache", "list", "--zoo-cache", tmp_path / "none")

    assert (said.code, said.out) == (0, f"{tmp_path / 'none'}: 0 items, 0.0 MB\n")


def test_a_cache_is_cleared_of_what_was_said(zoo: Run, cache: Path) -> None:
    words = ("cache", "clear", "--zoo-cache", cache, "--detections")
    tried = zoo(*words, "--dry-run")

    assert tried.out.endswith("would go: 1 item, 1.5 MB\n")
    assert (cache / "detections-1" / "cd").is_dir()
    done = zoo(*words, "--json")
    assert (done.code, tried.code) == (0, 0)
    assert [one["name"] for one in json.loads(done.out)["cleared"]] == [
        "detections-1/cd"
    ]
    assert not (cache / "detections-1" / "cd").exists()
    assert (cache / "archives-1" / "x.tar-0123").is_dir()


def test_a_cache_is_not_cleared_without_saying_of_what(zoo: Run, cache: Path) -> None:
    said = zoo("cache", "clear", "--zoo-cache", cache)

    assert said.code == 2
    assert said.err.startswith("zoo: nothing was said to clear; expected --archives")
    assert len(list(cache.glob("*/*"))) == 2


def test_what_is_in_use_stays_and_leaves_the_command_incomplete(
    zoo: Run, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        cache_contents, "clear_items", lambda items, _: (items[:1], items[1:])
    )
    words = ("cache", "clear", "--zoo-cache", cache, "--archives", "--detections")

    said = zoo(*words)
    told = json.loads(zoo(*words, "--json").out)

    assert said.code == 3
    assert said.err == "detections-1/cd: in use, so it stays\n"
    assert said.out.splitlines()[-1] == "cleared: 1 item, 1.5 MB"
    assert (told["cache"], told["dry_run"]) == (str(cache), False)
    assert [one["name"] for one in told["in_use"]] == ["detections-1/cd"]
    assert [one["name"] for one in told["cleared"]] == ["archives-1/x.tar-0123"]


def test_the_age_of_what_lies_there_is_told_in_days(
    zoo: Run, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day_s = 86_400.0
    items = [
        CacheItem(kind="other", name="old", path=cache, size_bytes=1, changed_s=0.0),
        CacheItem(
            kind="other", name="newer", path=cache, size_bytes=1, changed_s=9 * day_s
        ),
    ]
    monkeypatch.setattr(cache_contents, "cache_items", lambda _: items)
    monkeypatch.setattr("time.time", lambda: 2.12345 * day_s)

    told = json.loads(zoo("cache", "list", "--json").out)

    assert [one["age_days"] for one in told["items"]] == [2.123, 0.0]
    assert told["items"][0] == {
        "kind": "other",
        "name": "old",
        "size_bytes": 1,
        "age_days": 2.123,
    }
