from dataclasses import replace

import pytest

from harness.errors import ZooDataError
from harness.registry.importing.document import DocumentRow, DocumentTable
from harness.registry.importing.imported_table import import_table

LINK = "[x](https://example.org/a.tar)"
PRINTED = DocumentTable(
    line=10,
    chapter="裁剪模型库",
    heading="YOLOv3 on COCO",
    columns=("骨架网络", "裁剪策略", "输入尺寸", "Box AP", "下载"),
    align=("left", "center", "center", "center", "center"),
    rows=(
        DocumentRow(line=12, cells=("MobileNetV1", "r578", "608", "27.8", LINK)),
        DocumentRow(line=13, cells=("MobileNetV1", "r578", "320", "24.0", LINK)),
    ),
)


def with_cell(title: str, text: str) -> DocumentTable:
    """Give the table with another text in its second line."""
    cells = list(PRINTED.rows[1].cells)
    cells[PRINTED.columns.index(title)] = text
    return replace(
        PRINTED, rows=(PRINTED.rows[0], DocumentRow(line=13, cells=tuple(cells)))
    )


def test_a_table_gives_rows_archives_and_claims() -> None:
    imported = import_table(PRINTED, zoo="mine", order=3)

    assert imported.table.key == "prune_coco"
    assert imported.table.order == 3
    assert imported.table.row_ids == tuple(row.row_id for row in imported.rows)
    assert [row.row_id for row in imported.rows] == [
        "yolov3-mobilenet_v1-coco-prune_r578-608",
        "yolov3-mobilenet_v1-coco-prune_r578-320",
    ]
    assert [archive.name for archive in imported.archives] == ["a"]
    assert [claim.printed for claim in imported.claims] == ["27.8", "24.0"]
    assert imported.lines["yolov3-mobilenet_v1-coco-prune_r578-320"] == 13


def test_numbers_and_links_are_not_cells() -> None:
    imported = import_table(PRINTED, zoo="mine", order=1)

    assert imported.rows[0].cells == {
        "骨架网络": "MobileNetV1",
        "裁剪策略": "r578",
        "输入尺寸": "608",
    }


def test_what_is_printed_in_chinese_gets_its_english() -> None:
    imported = import_table(PRINTED, zoo="mine", order=1)

    assert imported.table.translations == {
        "裁剪模型库": "Pruned models",
        "骨架网络": "Backbone",
        "裁剪策略": "Pruning strategy",
        "输入尺寸": "Input size",
        "下载": "Download",
    }


def test_a_baseline_does_not_name_the_table() -> None:
    imported = import_table(with_cell("裁剪策略", "baseline"), zoo="mine", order=1)

    assert imported.table.key == "prune_coco"
    assert imported.rows[1].strategy == "baseline"


def test_a_column_nobody_knows_is_kept_as_a_cell() -> None:
    printed = replace(
        PRINTED,
        columns=(*PRINTED.columns, "GFLOPs"),
        align=(*PRINTED.align, "right"),
        rows=tuple(
            replace(row, cells=(*row.cells, "6.27 (-69.64%)")) for row in PRINTED.rows
        ),
    )

    imported = import_table(printed, zoo="mine", order=1)

    assert imported.rows[0].cells["GFLOPs"] == "6.27 (-69.64%)"


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (with_cell("裁剪策略", "fpgm"), "line 13: unknown strategy; .*got 'fpgm'"),
        (with_cell("骨架网络", "VGG"), "line 13: unknown backbone; .*got 'VGG'"),
        (with_cell("输入尺寸", "0"), "line 13: input size; expected a whole .*'0'"),
        (with_cell("输入尺寸", "6O8"), "line 13: input size; .*got '6O8'"),
        (with_cell("输入尺寸", "\uff16\uff10\uff18"), "line 13: input size; .*got"),
        (with_cell("Box AP", "-"), "line 13: number for box_ap; .*decimal, got '-'"),
        (with_cell("Box AP", "nan"), "line 13: number for box_ap; .*got 'nan'"),
        (with_cell("下载", "soon"), "line 13: download cell; expected .*got 'soon'"),
        (
            with_cell("下载", "[x](../models/a.tar)"),
            (
                r"line 13: download cell; expected .*, with its scheme and host, got "
                r".*\.\./models/a\.tar.*; write the whole address into the document"
            ),
        ),
        (with_cell("下载", "[x](https:///a.tar)"), "line 13: download cell; .*scheme"),
        (with_cell("下载", "[x](https://[/a.tar)"), "line 13: download cell; .*scheme"),
        (with_cell("下载", "[x](a.zip)"), r"line 13: download cell; .*a\.zip"),
        (
            with_cell("下载", "[x](https://example.org/b/a.tar)"),
            "line 13: two addresses of the archive a; expected .*, got https://.*b/a.tar",
        ),
        (
            with_cell("输入尺寸", "608"),
            "line 13: two lines are the same row; .*608, first on line 12",
        ),
        (
            replace(PRINTED, heading="Results"),
            "line 10: heading of a table; expected '<architecture> on <dataset>'",
        ),
        (
            replace(PRINTED, heading="SSD on COCO"),
            "line 10: unknown architecture; .*got 'SSD'",
        ),
        (
            replace(PRINTED, heading="YOLOv3 on LVIS"),
            "line 10: unknown dataset; .*got 'LVIS'",
        ),
        (
            replace(PRINTED, columns=("骨架网络", "x", "输入尺寸", "Box AP", "下载")),
            "line 10: titles of a table; .*, got none for strategy",
        ),
        (
            replace(
                PRINTED, columns=("骨架网络", "模型", "输入尺寸", "Box AP", "下载")
            ),
            "line 10: titles of a table; .*one column for backbone, got 骨架网络",
        ),
        (
            replace(PRINTED, columns=("x", "x", "输入尺寸", "Box AP", "下载")),
            "line 10: titles of a table; expected each title once",
        ),
        (
            replace(PRINTED, heading="BlazeFace on WIDER FACE"),
            "line 10: titles of a table; .*got none for easy, hard, medium",
        ),
    ],
)
def test_what_is_not_understood_is_refused_with_its_line(
    printed: DocumentTable, expected: str
) -> None:
    with pytest.raises(ZooDataError, match=expected):
        import_table(printed, zoo="mine", order=1)
