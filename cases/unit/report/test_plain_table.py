import pytest

from harness.printable import LONGEST_PART_CHARS
from harness.report.plain_table import plain_table


def test_columns_are_aligned_by_display_width_and_lines_end_with_text() -> None:
    table = plain_table(["a", "b"], [["下载", "1e5"], ["x", ""]])

    assert table.splitlines() == ["a     b", "下载  1e5", "x"]


@pytest.mark.parametrize("nothing", ["", "\u0301"], ids=ascii)
def test_a_cell_without_width_moves_no_other(nothing: str) -> None:
    table = plain_table(["t", "u"], [[nothing, "a"], ["b", nothing]])

    assert table.splitlines() == ["t  u", f"{nothing}   a", f"b  {nothing}".rstrip()]


def test_what_rewrites_a_terminal_is_shown_as_its_number() -> None:
    assert plain_table(["t"], [["\x1b[2J\u200b"]]) == "t\n\\x1b[2J\\u200b"


def test_a_cell_is_kept_up_to_the_longest_part_of_a_message() -> None:
    longest = "x" * LONGEST_PART_CHARS

    assert plain_table(["t"], [[longest]]) == f"t\n{longest}"
    assert plain_table(["t"], [[f"{longest}y"]]).endswith("x... and 1 more characters")


def test_a_table_without_rows_keeps_its_titles() -> None:
    assert plain_table(["t", "u"], []) == "t  u"
