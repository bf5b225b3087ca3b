import re
import unicodedata

import pytest
import tabulate
from hypothesis import given
from hypothesis import strategies as st

from harness.report.columns import display_width
from harness.report.markdown import escape_cell, render_table

TITLES = ["骨架网络", "Box AP"]
ROWS = [["MobileNetV1", "27.8（-0.03，已复现）"], ["ResNet34", "–"]]


class FakeWcwidth:
    """A wcwidth that says what the real one says of these texts."""

    @staticmethod
    def wcswidth(text: str) -> int:
        return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


@pytest.fixture(params=[True, False], ids=["with wcwidth", "without wcwidth"])
def with_or_without_wcwidth(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tabulate, "wcwidth", FakeWcwidth if request.param else None)
    monkeypatch.setattr(tabulate, "WIDE_CHARS_MODE", request.param)


@pytest.mark.usefixtures("with_or_without_wcwidth")
def test_the_bytes_do_not_depend_on_wcwidth() -> None:
    table = render_table(TITLES, ROWS, ["left", "center"])

    assert table == (
        "| 骨架网络    |        Box AP         |\n"
        "|:------------|:---------------------:|\n"
        "| MobileNetV1 | 27.8（-0.03，已复现） |\n"
        "| ResNet34    |           –           |"
    )


def test_tabulate_alone_would_depend_on_wcwidth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tables = set()
    for wcwidth in (FakeWcwidth, None):
        monkeypatch.setattr(tabulate, "wcwidth", wcwidth)
        monkeypatch.setattr(tabulate, "WIDE_CHARS_MODE", wcwidth is not None)
        tables.add(tabulate.tabulate(ROWS, headers=TITLES, tablefmt="pipe"))

    assert len(tables) == 2


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a|b", r"a\|b"),
        (r"a\|b", r"a\\\|b"),
        ("a\nb", "a<br>b"),
        ("a\r\nb\rc", "a<br>b<br>c"),
        ("  a  ", "a"),
    ],
)
def test_a_pipe_or_newline_stays_inside_its_cell(text: str, cell: str) -> None:
    assert escape_cell(text) == cell


def test_a_number_is_printed_as_it_was_given() -> None:
    table = render_table(["a"], [["24.0"], ["1e5"], ["007"]], ["left"])

    assert table.splitlines()[2:] == ["| 24.0 |", "| 1e5  |", "| 007  |"]


def test_a_table_without_rows_keeps_titles_and_alignment() -> None:
    table = render_table(["a", "下载"], [], ["left", "center"])

    assert re.sub(" +|-+", " ", table) == "| a | 下载 |\n|: |: :|"


def test_empty_cells_take_no_other_cells_text() -> None:
    table = render_table(["a", "b"], [["", "x"], ["y", ""]], ["left", "left"])

    assert [line.split("|")[1:3] for line in table.splitlines()[2:]] == [
        ["     ", " x   "],
        [" y   ", "     "],
    ]


@pytest.mark.parametrize("nothing", ["", "\u200b", "\u0301"], ids=ascii)
def test_a_cell_without_width_moves_no_other(nothing: str) -> None:
    table = render_table(
        ["t", "u"], [[nothing, "a"], ["b", nothing]], ["left", "right"]
    )

    assert table.splitlines()[2:] == [
        f"| {nothing}    |   a |",
        f"| b   |    {nothing} |",
    ]


def cells() -> st.SearchStrategy[str]:
    pieces = ["a", "x", "|", "\\", "\n", " ", "下", "–", "\u0301", "\u200b", "-", ":"]
    return st.lists(st.sampled_from(pieces), max_size=6).map("".join)


@given(st.lists(st.tuples(cells(), cells()), max_size=4))
def test_every_cell_comes_back_and_every_line_is_as_wide(
    rows: list[tuple[str, str]],
) -> None:
    lines = render_table(["t", "u"], rows, ["left", "center"]).splitlines()
    found = [
        [cell.strip() for cell in re.findall(r"((?:\\.|[^|\\])*)\|", line)[1:]]
        for line in lines[2:]
    ]

    assert len({display_width(line) for line in lines}) == 1
    assert found == [[escape_cell(cell) for cell in row] for row in rows]
