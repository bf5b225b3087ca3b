from dataclasses import replace
from pathlib import Path

from harness.errors import ZooDataError
from harness.files.atomic import write_text
from harness.registry.importing.zoo_files import table_text
from harness.registry.table_file import TableFile, read_table
from harness.values.rows import Archive, Row, Table

ROW = Row(
    row_id="yolov3-mobilenet_v1-coco-baseline-192",
    zoo="mine",
    table="demo_coco",
    architecture="yolov3",
    backbone="mobilenet_v1",
    dataset="coco",
    strategy="baseline",
    input_px=192,
    archive="small",
    num_classes=5,
    width=0.125,
    cells={"Backbone": 'a "quoted" | name', "输入尺寸": "192"},
)
TABLE = Table(
    key="demo_coco",
    order=1,
    chapter="小",
    heading="YOLOv3 on COCO",
    dataset="coco",
    columns=("Backbone", "输入尺寸", "Box AP"),
    align=("left", "center", "right"),
    translations={"小": "Small"},
    row_ids=(ROW.row_id,),
    metric_columns={"Box AP": "box_ap"},
)
ARCHIVES = (Archive(name="small", url="https://example.org/small.tar"),)


def test_a_table_reads_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "demo_coco.toml"
    write_text(path, table_text(TABLE, ARCHIVES, (ROW,)))
    problems: list[ZooDataError] = []

    assert read_table(path, "mine", problems) == TableFile(
        table=TABLE, archives=ARCHIVES, rows=(ROW,)
    )
    assert problems == []


def test_a_row_is_a_block_of_its_own_however_short() -> None:
    text = table_text(TABLE, ARCHIVES, (ROW,))

    assert text.count("\n[[row]]\n") == 1
    assert text.count("\n[[archive]]\n") == 1


def test_full_width_is_not_written() -> None:
    text = table_text(TABLE, ARCHIVES, (replace(ROW, width=1.0),))

    assert "width" not in text


def test_moves_and_digests_stay_in_their_own_files() -> None:
    archive = replace(ARCHIVES[0], moves=("https://m.org/x.tar",), sha256="0" * 64)

    assert table_text(TABLE, (archive,), ()) == table_text(TABLE, ARCHIVES, ())
