from __future__ import annotations

from types import SimpleNamespace

import pytest

from harness.plugin.cases import UNASKED_KEY
from harness.plugin.records import PUBLISHED, RETRAINED
from harness.plugin.stopped import KEY, UnderWay
from harness.plugin.summary import write_summary


class Terminal:
    """Keeps what is written on it."""

    def __init__(self, *reports: object) -> None:
        self.stats = {"": list(reports)}
        self.written: list[str] = []

    def section(self, title: str) -> None:
        self.written.append(f"= {title}")

    def write_line(self, line: str) -> None:
        self.written.append(line)


def written(*, interrupted: bool = False, **stash: object) -> list[str]:
    """Return what the end of a session says that has these things in its stash."""
    kept = pytest.Stash()
    for name, value in stash.items():
        kept[{"unasked": UNASKED_KEY, "under_way": KEY}[name]] = value
    empty = dict.fromkeys((PUBLISHED.attribute, RETRAINED.attribute))
    terminal = Terminal(object(), SimpleNamespace(**empty))
    write_summary(terminal, interrupted=interrupted, config=SimpleNamespace(stash=kept))
    return terminal.written


def test_a_session_without_rows_says_nothing():
    assert written() == []
    assert written(interrupted=True) == []


@pytest.mark.parametrize(
    ("count", "told"), [(1, "1 row of the zoo was"), (2, "2 rows of the zoo were")]
)
def test_rows_that_were_not_asked_for_are_counted(count: int, told: str):
    (line,) = written(unasked=count)

    assert line.startswith(f"{told} not asked for: `pytest -m coco`")


def test_what_was_stopped_is_told_after_a_signal_alone():
    way = UnderWay(row_ids=("a",), fresh=False)

    assert written(under_way=way) == []
    assert written(under_way=way, interrupted=True) == ["= stopped", way.text([])]
