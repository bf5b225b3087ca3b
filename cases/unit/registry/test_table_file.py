from pathlib import Path

import pytest

from harness.errors import ZooDataError
from harness.registry.table_file import read_table

TABLE = """[table]
order = 1
chapter = "A"
heading = "YOLOv3 on COCO"
dataset = "coco"
columns = ["Backbone", "Box AP", "Download"]
align = ["left", "center", "center"]
link_column = "Download"
metric_columns = { "Box AP" = "box_ap" }
"""
ARCHIVE = """[[archive]]
name = "a"
url = "https://example.org/a.tar"
"""
ROW = """[[row]]
id = "a-row"
architecture = "yolov3"
backbone = "mobilenet_v1"
dataset = "coco"
strategy = "baseline"
input_px = 320
archive = "a"
num_classes = 5
width = 0.125
cells = { Backbone = "MobileNetV1" }
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "demo_coco.toml"
    path.write_text(text)
    return path


def test_a_table_file_is_read(tmp_path: Path) -> None:
    problems: list[ZooDataError] = []
    file = read_table(write(tmp_path, TABLE + ARCHIVE + ROW), "mine", problems)

    assert problems == []
    assert file is not None
    assert file.table.key == "demo_coco"
    assert file.table.row_ids == ("a-row",)
    assert file.archives[0].url == "https://example.org/a.tar"
    (row,) = file.rows
    assert (row.zoo, row.table, row.width) == ("mine", "demo_coco", 0.125)


def test_a_table_may_have_columns_for_figures(tmp_path: Path) -> None:
    text = TABLE.replace('"Download"]', '"GFLOPs", "Download"]').replace(
        '"center", "center"]', '"center", "center", "center"]'
    )
    text = text.replace('"box_ap" }', '"box_ap", GFLOPs = "gflops" }')
    problems: list[ZooDataError] = []
    file = read_table(write(tmp_path, text + ARCHIVE + ROW), "mine", problems)

    assert problems == []
    assert file is not None
    assert file.table.metric_columns == {"Box AP": "box_ap", "GFLOPs": "gflops"}


def test_a_row_is_of_full_width_unless_it_says_otherwise(tmp_path: Path) -> None:
    text = TABLE + ARCHIVE + ROW.replace("width = 0.125\n", "")
    file = read_table(write(tmp_path, text), "mine", [])

    assert file is not None
    assert file.rows[0].width == 1.0


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("order = 1", "order = 0", "table: field order; expected a whole number from"),
        ('"coco"', '"lvis"', "table: field dataset; expected coco or voc .*'lvis'"),
        ('"left", ', "", "table: field align; expected 3 of left, center, right, got"),
        ('"left"', '"justify"', "table: field align; expected 3 of .*justify"),
        ('"box_ap"', '"ap"', "table: field metric_columns; expected a column for each"),
        (
            'link_column = "Download"',
            'link_column = "Link"',
            "table: field metric_columns or link_column; .*got Link",
        ),
        ("[table]", "[tabel]", "field table; expected a table .*, got nothing"),
        ("[table]", "x = 1\n[table]", "unknown field; expected table, archive, row"),
    ],
)
def test_a_malformed_table_is_noted_and_gives_nothing(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    problems: list[ZooDataError] = []
    path = write(tmp_path, TABLE.replace(old, new, 1) + ARCHIVE + ROW)

    assert read_table(path, "mine", problems) is None
    with pytest.raises(ZooDataError, match=rf"demo_coco\.toml: {expected}"):
        raise problems[0]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("input_px = 320", "", r"row 1 \(a-row\): field input_px; .*got nothing"),
        ("input_px = 320", 'input_px = "320"', r"row 1 \(a-row\): .*, got '320'"),
        ('dataset = "coco"', 'dataset = "voc"', r"field dataset; expected coco, got"),
        (
            "width",
            "widht",
            "unknown field; expected id, .*width, scales, cells, variant, got widht",
        ),
        ('id = "a-row"\n', "", r"row 1 \(no id\): field id; expected a text"),
        ('"MobileNetV1"', "1", "field cells; expected a table of texts"),
    ],
)
def test_a_malformed_row_is_noted_and_the_next_is_read(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    problems: list[ZooDataError] = []
    good = ROW.replace("a-row", "b-row")
    path = write(tmp_path, TABLE + ARCHIVE + ROW.replace(old, new, 1) + good)
    file = read_table(path, "mine", problems)

    assert file is not None
    assert file.table.row_ids == ("b-row",)
    with pytest.raises(ZooDataError, match=rf"demo_coco\.toml: .*{expected}"):
        raise problems[0]


def test_a_malformed_archive_is_noted(tmp_path: Path) -> None:
    problems: list[ZooDataError] = []
    read_table(write(tmp_path, TABLE + "[[archive]]\nname = 'a'\n"), "mine", problems)

    assert [str(one) for one in problems] == [
        "demo_coco.toml: archive 1 (a): field url; expected a text, got nothing"
    ]


def test_a_value_of_5000_characters_is_told_in_one_line(tmp_path: Path) -> None:
    problems: list[ZooDataError] = []
    long = ROW.replace("a-row", "r" * 5000).replace('"a"', f"['{'x' * 5000}']")
    read_table(write(tmp_path, TABLE + ARCHIVE + long), "mine", problems)

    assert len(str(problems[0])) < 600
    assert "more characters" in str(problems[0])
