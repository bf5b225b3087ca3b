import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.pipeline.demo import demo
from harness.pipeline.demo.demo import DemoMade
from harness.train.loop import Progress

Zoo = Callable[..., Any]  # conftest's fixture
MADE = DemoMade(
    scores_pct={"a-row": {"box_ap": 51.236, "box_ap50": 80.0}},
    archive_bytes={"an-archive": 1_812_480},
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, Path]]:
    """What the command asks for, in place of an hour of training."""
    asked: list[tuple[Path, Path]] = []

    def make_demo(
        home: Path,
        work: Path,
        *,
        training: Callable[[str, Progress], None],
        telling: Callable[[str], None],
    ) -> DemoMade:
        asked.append((home, work))
        telling("training the baseline")
        last = Progress(
            step=5,
            steps=5,
            epoch=0,
            losses={"xy": 1.0, "wh": 0.5},
            rate=1e-3,
            images_per_s=99.0,
            left_s=0.0,
        )
        training("baseline", last)
        return MADE

    monkeypatch.setattr(demo, "make_demo", make_demo)
    return asked


def test_the_demo_is_made_in_the_home_one_stands_in(
    home: Path, zoo: Zoo, asked: list[tuple[Path, Path]]
) -> None:
    said = zoo("demo", "make")

    assert asked == [(home, home / ".zoo" / "demo-make")]
    assert said.code == 0
    assert said.out.splitlines() == [
        "a-row: box_ap 51.24, box_ap50 80.00",
        "an-archive: 1.81 MB",
    ]
    first, second = said.err.splitlines()
    assert first == "training the baseline"
    assert second.startswith(
        "training baseline: step 5 of 5, loss 1.50 (xy 1.00, wh 0.50)"
    )


def test_the_json_of_a_made_demo_has_unrounded_numbers(
    home: Path, zoo: Zoo, asked: list[tuple[Path, Path]]
) -> None:
    said = zoo("demo", "make", "--work", "here", "--json")

    assert asked == [(home, home / "here")]
    assert json.loads(said.out) == {
        "scores_pct": {"a-row": {"box_ap": 51.236, "box_ap50": 80.0}},
        "archive_bytes": {"an-archive": 1_812_480},
    }
