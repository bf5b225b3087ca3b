import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.pipeline.plan import plan as plan_module
from harness.pipeline.plan.plan import (
    PlannedArchive,
    PlannedDataset,
    PlannedPass,
    RunPlan,
)

Zoo = Callable[..., Any]  # conftest's fixture

PASSES = (
    PlannedPass(
        row_ids=("a", "b"),
        dataset="coco",
        archive="x",
        input_px=608,
        image_count=5,
        stored_count=2,
        forward_s=0.0125,
    ),
    PlannedPass(
        row_ids=("e",),
        dataset="voc",
        archive="y",
        input_px=320,
        image_count=None,
        stored_count=0,
        forward_s=None,
    ),
)
PLAN = RunPlan(
    rows=("a", "b", "e"),
    not_built={"c": "no network x", "d": "no network x", "f": "no network y"},
    archives=(
        PlannedArchive(name="x", is_cached=True, size_bytes=7, sha256=None),
        PlannedArchive(name="y", is_cached=False, size_bytes=2 * 10**9, sha256=None),
        PlannedArchive(name="z", is_cached=False, size_bytes=None, sha256=None),
    ),
    datasets=(
        PlannedDataset(
            name="coco", is_there=True, image_count=5, image_bytes=1_250_000_000
        ),
        PlannedDataset(name="voc", is_there=False, image_count=None, image_bytes=None),
    ),
    passes=PASSES,
    reading_s={"coco": 0.0105},
)


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> Callable[[RunPlan], None]:
    """Let any rows have that plan."""

    def plan(made: RunPlan) -> None:
        monkeypatch.setattr(plan_module, "plan_rows", lambda *_: made)

    return plan


def test_a_plan_is_printed_line_by_line(
    zoo: Zoo, planned: Callable[[RunPlan], None]
) -> None:
    planned(PLAN)

    said = zoo("plan", "--no-calibrate")

    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[:6] == [
        "rows: 3 of january-2020 can be measured",
        "no network x: c d",
        "no network y: f",
        "archives: 3, 2 to download, 2.00 GB and 1 of a size that is not known",
        "dataset: coco: 5 images, 1.25 GB (here)",
        "dataset: voc: not known images (NOT HERE: zoo data fetch)",
    ]
    assert [line.split() for line in lines[6:9]] == [
        ["archive", "input", "px", "rows", "images", "stored", "ms", "per", "image"],
        ["x", "608", "2", "5", "2", "12.5"],
        ["y", "320", "1", "not", "known", "0", "not", "known"],
    ]
    assert lines[9:] == [
        "decode and resize on coco: 10.5 ms per image",
        "forward passes: not known",
        "minutes on this machine: not known",
    ]


def test_where_every_size_and_time_is_known_sums_are_told(
    zoo: Zoo, planned: Callable[[RunPlan], None]
) -> None:
    known = RunPlan(
        rows=("a", "b"),
        not_built={},
        archives=PLAN.archives[:2],
        datasets=PLAN.datasets[:1],
        passes=PASSES[:1],
        reading_s={"coco": 1.1875},
    )
    planned(known)

    lines = zoo("plan", "--no-calibrate").out.splitlines()

    assert lines[1] == "archives: 2, 1 to download, 2.00 GB"
    assert lines[-2:] == ["forward passes: 5", "minutes on this machine: 0.1"]


def test_the_json_of_a_plan_is_whole(
    zoo: Zoo, planned: Callable[[RunPlan], None]
) -> None:
    planned(PLAN)

    assert json.loads(zoo("plan", "--no-calibrate", "--json").out) == {
        "zoo": "january-2020",
        "rows": ["a", "b", "e"],
        "not_built": {"c": "no network x", "d": "no network x", "f": "no network y"},
        "archives": [
            {"archive": "x", "cached": True, "size_bytes": 7},
            {"archive": "y", "cached": False, "size_bytes": 2 * 10**9},
            {"archive": "z", "cached": False, "size_bytes": None},
        ],
        "download_bytes": 2 * 10**9,
        "datasets": [
            {
                "dataset": "coco",
                "present": True,
                "images": 5,
                "image_bytes": 1_250_000_000,
            },
            {"dataset": "voc", "present": False, "images": None, "image_bytes": None},
        ],
        "passes": [
            {
                "rows": ["a", "b"],
                "archive": "x",
                "input_px": 608,
                "images": 5,
                "stored": 2,
                "forward_s": 0.0125,
            },
            {
                "rows": ["e"],
                "archive": "y",
                "input_px": 320,
                "images": None,
                "stored": 0,
                "forward_s": None,
            },
        ],
        "forward_passes": None,
        "reading_s": {"coco": 0.0105},
        "minutes": None,
    }


def test_a_plan_without_calibration_needs_nothing(home: Path, zoo: Zoo) -> None:
    rows = "coco and not quant_aware or blazeface and quant_post"
    words = ("plan", "-m", rows, "--no-calibrate")
    said, told = zoo(*words), json.loads(zoo(*words, "--json").out)

    assert said.code == 0
    assert "rows: 14 of january-2020 can be measured" in said.out
    assert "archives: 8, 8 to download, 0.00 GB and 8 of a size that is" in said.out
    assert "dataset: coco: 5000 images (NOT HERE: zoo data fetch)" in said.out
    assert "forward passes: 69678" in said.out
    assert "minutes on this machine: not known" in said.out
    assert told["forward_passes"] == 69678
    assert told["minutes"] is None


def test_a_plan_of_measured_rows_takes_no_time(home: Path, zoo: Zoo) -> None:
    said = zoo("plan", "--zoo", "demo", "-k", "160", "--zoo-cache", home / ".zoo/cache")

    assert said.code == 0
    assert "rows: 1 of demo can be measured" in said.out
    assert "8 images, " in said.out
    assert "decode and resize on coco: " in said.out
    assert "forward passes: 0" in said.out
    assert "minutes on this machine: 0.0" in said.out


def test_a_plan_of_nothing_is_a_usage_error(home: Path, zoo: Zoo) -> None:
    said = zoo("plan", "-m", "speed", "-k", "nobody", "--no-calibrate")

    assert said.code == 2
    assert "no row of january-2020 is selected; got -m 'speed' nobody" in said.err
