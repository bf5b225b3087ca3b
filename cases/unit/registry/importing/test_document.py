import pytest

from harness.errors import ZooDataError
from harness.registry.importing.document import (
    Document,
    DocumentRow,
    DocumentTable,
    parse_document,
)

ONE = """# Title

## Chapter

### Heading ###

| A | B |
|:--|:-:|
| a | b |
"""


def test_a_table_is_read_with_its_headings_and_lines() -> None:
    assert parse_document(ONE) == Document(
        title="Title",
        tables=(
            DocumentTable(
                line=7,
                chapter="Chapter",
                heading="Heading",
                columns=("A", "B"),
                align=("left", "center"),
                rows=(DocumentRow(line=9, cells=("a", "b")),),
            ),
        ),
    )


def test_every_alignment_is_read() -> None:
    text = ONE.replace("| A | B |", "| A | B | C | D |").replace(
        "|:--|:-:|", "| --- | :-- | --: | :-: |"
    )
    (table,) = parse_document(text.replace("| a | b |", "| a | b | c | d |")).tables

    assert table.align == ("left", "left", "right", "center")


def test_a_fence_hides_headings_and_tables() -> None:
    hidden = ONE.replace("Chapter", "Hidden")

    document = parse_document(f"```\n{hidden}```\n{ONE}~~~\n{hidden}~~~\n")

    assert [table.chapter for table in document.tables] == ["Chapter"]


def test_a_new_chapter_forgets_the_heading_before() -> None:
    with pytest.raises(
        ZooDataError,
        match=r"line 12: a table outside the headings; expected a heading `##` and a "
        r"heading `###` above it, got chapter 'Next', heading ''",
    ):
        parse_document(ONE + "\n## Next\n| A |\n|---|\n| a |\n")


def test_deeper_headings_mean_nothing() -> None:
    (table,) = parse_document(ONE.replace("### H", "### Heading\n\n#### H")).tables

    assert table.heading == "Heading"


def test_outer_bars_may_be_missing_on_the_right() -> None:
    (table,) = parse_document(ONE.replace("| a | b |", "| a | b")).tables

    assert table.rows[0].cells == ("a", "b")


def test_an_escaped_bar_is_part_of_its_cell() -> None:
    (table,) = parse_document(ONE.replace("| a | b |", r"| a\|a | b\| |")).tables

    assert table.rows[0].cells == ("a|a", "b|")


def test_empty_cells_are_kept() -> None:
    (table,) = parse_document(ONE.replace("| a | b |", "|  | b |")).tables

    assert table.rows[0].cells == ("", "b")


@pytest.mark.parametrize(
    ("old", "new", "line", "got"),
    [
        ("| a | b |", "| a |", 9, 1),
        ("| a | b |", "| a | b | c |", 9, 3),
        ("|:--|:-:|", "|:--|", 8, 1),
    ],
)
def test_a_line_with_another_number_of_cells_is_refused(
    old: str, new: str, line: int, got: int
) -> None:
    with pytest.raises(
        ZooDataError,
        match=f"line {line}: a table line with another number of cells than its "
        f"titles; expected 2 cells, got {got}",
    ):
        parse_document(ONE.replace(old, new))


def test_a_document_without_a_table_is_refused() -> None:
    with pytest.raises(ZooDataError, match="no table in the document; expected markd"):
        parse_document("# Title\n\nA line with | a bar.\n\n| a line alone |\n")


def test_windows_line_ends_change_nothing() -> None:
    assert parse_document(ONE.replace("\n", "\r\n")) == parse_document(ONE)
