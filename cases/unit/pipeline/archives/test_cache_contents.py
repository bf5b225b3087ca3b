from __future__ import annotations

import os

import pytest
from filelock import FileLock

from harness.errors import UsageError
from harness.pipeline.archives.cache_contents import (
    DAY_S,
    cache_items,
    chosen_items,
    clear_items,
)

NOW_S = 1_900_000_000.0
DIGEST = "ab" * 32


@pytest.fixture
def cache(tmp_path):
    """A cache with an archive, its folder, a run, scenes and a file of digests."""
    days = {
        "archives-1/x.tar-0123/x.tar": (3000, 40),
        "archives-1/x.tar-0123/.source.json": (10, 40),
        f"folders-1/{DIGEST}/weights": (2000, 5),
        f"folders-1/{DIGEST}.json": (1, 5),
        "detections-1/cd/part-00000.npz": (500, 30),
        "detections-1/cd/key.json": (20, 31),
        "scenes-2/demo/1.png": (100, 90),
        "digests-2.json": (7, 0),
    }
    for name, (size_bytes, age_days) in days.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size_bytes))
        when_s = NOW_S - age_days * DAY_S
        os.utime(path, (when_s, when_s))
    return tmp_path


def names(items):
    return [one.name for one in items]


def test_a_cache_is_listed_by_size_with_kinds_and_ages(cache):
    assert [
        (one.name, one.kind, one.size_bytes, (NOW_S - one.changed_s) / DAY_S)
        for one in cache_items(cache)
    ] == [
        ("archives-1/x.tar-0123", "archives", 3010, 40),
        (f"folders-1/{DIGEST}", "archives", 2000, 5),
        ("detections-1/cd", "detections", 520, 30),
        ("scenes-2", "other", 100, 90),
        ("digests-2.json", "other", 7, 0),
    ]


def test_no_cache_holds_nothing(tmp_path):
    assert cache_items(tmp_path / "none") == ()


@pytest.mark.parametrize(
    ("kinds", "days", "chosen"),
    [
        (["archives"], None, ["archives-1/x.tar-0123", f"folders-1/{DIGEST}"]),
        (["detections"], None, ["detections-1/cd"]),
        (["archives"], 5.1, ["archives-1/x.tar-0123"]),
        ([], 29.9, ["archives-1/x.tar-0123", "detections-1/cd"]),
        ([], 30.0, ["archives-1/x.tar-0123"]),
        ([], 40.0, []),
    ],
)
def test_what_goes_is_of_the_kind_and_older(cache, kinds, days, chosen):
    items = cache_items(cache)

    found = chosen_items(items, kinds=kinds, older_than_days=days, now_s=NOW_S)
    assert names(found) == chosen


def test_nothing_is_cleared_unless_it_was_said_what(cache):
    with pytest.raises(UsageError, match=r"^nothing was said .*--older-than DAYS, got"):
        chosen_items(cache_items(cache), kinds=[], older_than_days=None, now_s=NOW_S)


def test_what_is_cleared_is_gone_and_the_rest_stays(cache):
    chosen = [one for one in cache_items(cache) if one.kind == "archives"]
    gone, in_use = clear_items(chosen, cache)

    assert (len(gone), in_use) == (2, ())
    assert names(cache_items(cache)) == [
        "detections-1/cd",
        "scenes-2",
        "digests-2.json",
    ]
    assert not (cache / "folders-1" / f"{DIGEST}.json").exists()
    assert [one.name for one in cache.iterdir() if one.name.startswith(".")] == []


@pytest.mark.parametrize(
    "lock", ["archives-1/x.tar-0123/.lock", f"folders-1/.{DIGEST}.lock"]
)
def test_what_somebody_works_on_stays(cache, lock):
    chosen = [one for one in cache_items(cache) if one.kind == "archives"]
    with FileLock(cache / lock):
        gone, in_use = clear_items(chosen, cache)

    assert len(gone) == len(in_use) == 1
    assert in_use[0].path.is_dir()
