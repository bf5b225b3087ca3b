import pytest

from harness.report.columns import column_widths, display_width, padded


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("", 0),
        ("AP", 2),
        ("下载", 4),
        ("ｗｉｄｅ", 8),
        ("（）", 4),
        ("e\u0301", 1),
        ("a\u200db", 2),
        ("–", 1),
    ],
)
def test_wide_characters_take_two_columns_and_marks_none(text: str, width: int) -> None:
    assert display_width(text) == width


def test_a_column_is_as_wide_as_its_widest_cell_and_the_room_beside_its_title() -> None:
    assert column_widths([("a", "bcd"), ("下载", "b")], room=2) == [4, 5]
    assert column_widths([("a", "bcd"), ("下载", "b")]) == [4, 3]
    assert column_widths([("a", "")]) == [1, 0]


@pytest.mark.parametrize(
    ("align", "cell"), [("left", "下   "), ("center", " 下  "), ("right", "   下")]
)
def test_a_cell_is_padded_by_display_width(align: str, cell: str) -> None:
    assert padded("下", 5, align) == cell
