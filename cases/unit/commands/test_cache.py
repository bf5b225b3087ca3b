import json
from collections.abc import Callable
from pathlib import Path

import pytest

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
