"""Rows by marker expression and word."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.pipeline.plan.selected_rows import select_rows
from harness.registry.zoo import open_zoo

ZOO = open_zoo("january-2020")


@pytest.mark.parametrize(
    ("markers", "count"),
    [
        ("", 32),
        ("coco", 20),
        ("voc", 6),
        ("coco and not quant", 7),
        ("prune or (distill and voc)", 10),
        ("not coco and not voc", 6),
    ],
)
def test_an_expression_selects_as_pytest_does(markers: str, count: int) -> None:
    assert len(select_rows(ZOO, markers=markers)) == count


def test_a_word_selects_by_id_in_any_case() -> None:
    rows = select_rows(ZOO, markers="coco", keyword="ResNet34")

    assert len(rows) == 4
    assert all("resnet34" in row.row_id for row in rows)


@pytest.mark.parametrize(
    "markers", ["coco and", "cows", "coco == 1", "len(coco)", "coco + voc", "-coco"]
)
def test_what_is_no_expression_of_markers_is_refused(markers: str) -> None:
    with pytest.raises(UsageError, match="-m; expected and, or, not between coco, voc"):
        select_rows(ZOO, markers=markers)
