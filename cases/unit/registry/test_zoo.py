import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from harness.errors import ZooDataError
from harness.registry.lock import write_lock
from harness.registry.zoo import open_zoo
from harness.values.pins import Pin
from harness.values.rows import Zoo
from testing.zoos import copy_lone_zoo

Edit = Callable[[str, str, str], None]

P1 = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"
Q11 = "yolov3-resnet50_vd_dcn_obj365-coco-quant_aware-608"
F6 = "blazeface-nas-widerface-quant_aware-640"


@pytest.fixture(scope="module")
def january() -> Zoo:
    return open_zoo("january-2020", home=Path(__file__).resolve().parents[3])


def test_january_has_32_rows_44_numbers_and_16_archives(january: Zoo) -> None:
    assert len(january.rows) == 32
    assert sum(map(len, january.claims.values())) == 44
    assert len(january.archives) == 16
    assert {row.archive for row in january.rows} == set(january.archives)


def test_january_has_its_rows_by_dataset(january: Zoo) -> None:
    counted = Counter(row.dataset for row in january.rows)

    assert counted == {"coco": 20, "voc": 6, "widerface": 6}


def test_january_is_in_printed_order(january: Zoo) -> None:
    assert [table.key for table in january.tables] == [
        "prune_coco",
        "prune_voc",
        "distill_coco",
        "distill_voc",
        "quant_coco",
        "quant_widerface",
    ]
    assert [row.row_id for row in january.rows] == [
        row_id for table in january.tables for row_id in table.row_ids
    ]
    assert january.rows[0].row_id == P1
    assert january.rows[-1].row_id == F6


def test_january_keeps_what_is_printed(january: Zoo) -> None:
    (claim,) = january.claims["yolov3-mobilenet_v1-coco-prune_r578-320"]

    assert january.title == "压缩模型库"
    assert claim.printed == "24.0"
    assert claim.value_pct == Decimal(24)
    assert january.row(Q11).cells == {
        "骨架网络": "R50vd-dcn",
        "预训练权重": "object365",
        "量化策略": "aware",
        "输入尺寸": "608",
    }


def test_a_face_row_makes_three_claims_in_metric_order(january: Zoo) -> None:
    claims = january.claims[F6]

    assert [(one.metric, one.printed) for one in claims] == [
        ("easy", "83.1"),
        ("medium", "79.7"),
        ("hard", "64.2"),
    ]


def test_printed_addresses_come_first_and_known_moves_after(january: Zoo) -> None:
    moved = {
        name: archive.moves
        for name, archive in january.archives.items()
        if archive.moves
    }
    base = "https://paddlemodels.bj.bcebos.com/PaddleSlim/"

    assert moved == {  # zoo-spec 3.7, 6.1
        "yolov3_r50_dcn_prune1x": (base + "prune/yolov3_r50vd_dcn_prune1x.tar",),
        "yolov3_mobilenetv1_coco_quant_aware": (
            base + "yolov3_mobilenet_coco_quant_aware.tar",
        ),
        "yolov3_mobilenet_v1_voc_prune578": (
            base + "yolov3_mobilenet_v1_voc_prune.tar",
        ),
    }


def test_only_the_size_erratum_changes_a_run(january: Zoo) -> None:
    assert [one.erratum_id for one in january.errata] == ["E1", "E2", "E3", "E4", "E5"]
    assert [one.erratum_id for one in january.errata if one.changes_run] == ["E1"]
    assert [one.erratum_id for one in january.errata_of(P1)] == ["E1", "E2"]


def test_no_digest_of_a_january_archive_is_invented(home: Path) -> None:
    zoo = open_zoo("january-2020", home=home)

    assert {archive.sha256 for archive in zoo.archives.values()} == {None}


def test_a_pinned_digest_reaches_its_archive(home: Path) -> None:
    pin = Pin(url="https://example.org/a.tar", size_bytes=7, sha256="a" * 64)
    write_lock(
        home / "expected" / "archives.lock.toml",
        "january-2020",
        {"blazeface_nas_quant_post": pin},
    )
    archives = open_zoo("january-2020", home=home).archives

    assert archives["blazeface_nas_quant_post"].sha256 == "a" * 64
    assert archives["blazeface_nas_quant_post"].size_bytes == 7
    assert archives["blazeface_nas_quant_aware"].sha256 is None


def test_the_tolerance_of_january_is_exact(january: Zoo) -> None:
    assert [(one.name, one.value_pct) for one in january.tolerance] == [
        ("rounding", Decimal("0.05")),
        ("device kernels", Decimal("0.05")),
        ("decoder and resize", Decimal("0.02")),
        ("quantised rounding", Decimal("0.05")),
        ("runtime 1.6 or 1.7", Decimal(0)),
        ("runtime 1.8.5 to 2.6.2", Decimal(0)),
        ("trained again", Decimal("0.5")),
    ]


def test_the_first_of_several_problems_says_how_many_follow(
    home: Path, edit: Edit
) -> None:
    edit("prune_coco.toml", "input_px = 608", 'input_px = "608"')
    edit("prune_voc.toml", "input_px = 608", 'input_px = "608"')

    with pytest.raises(
        ZooDataError,
        match=r"prune_coco\.toml: row 2 \(.*608\): field input_px; .*; "
        r"1 more: `zoo check` lists them all",
    ):
        open_zoo("january-2020", home=home)


def test_anybodys_own_folder_is_a_zoo(data: Path, home: Path, tmp_path: Path) -> None:
    source = data / "synthetic"
    folder = copy_lone_zoo(
        source / "cases" / "rows" / "synthetic",
        source / "expected" / "synthetic.csv",
        tmp_path / "mine",
    )

    zoo = open_zoo(str(folder), home=home)

    assert (zoo.name, zoo.title) == ("mine", "mine")
    assert len(zoo.rows) == 6
    assert {row.zoo for row in zoo.rows} == {"mine"}
    assert [part.name for part in zoo.tolerance] == [
        "rounding",
        "device kernels",
        "trained again",
    ]


def test_a_folder_in_a_checkout_layout_is_a_zoo(data: Path, home: Path) -> None:
    folder = data / "synthetic" / "cases" / "rows" / "synthetic"
    zoo = open_zoo(str(folder), home=home)

    assert zoo.title == "A small zoo"
    assert zoo.root == folder


def test_a_folder_without_tables_is_refused(home: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ZooDataError, match="no table; expected one TOML file per printed table, got"
    ):
        open_zoo(str(tmp_path), home=home)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("title = 1\n", "zoo.toml: field title; expected a text, got 1"),
        ('title = "a"\nauthor = "b"\n', "zoo.toml: unknown field; .*got author"),
        ('title = "a"\ndate = "2020"\n', "zoo.toml: field date; expected a date"),
    ],
)
def test_a_malformed_head_is_refused(home: Path, content: str, expected: str) -> None:
    head = home / "cases" / "rows" / "january-2020" / "zoo.toml"
    head.write_text(content, encoding="utf-8")

    with pytest.raises(ZooDataError, match=expected):
        open_zoo("january-2020", home=home)


def test_opening_a_zoo_loads_nothing_heavy(repository: Path) -> None:
    code = (
        "import sys; from harness.registry.zoo import open_zoo; "
        "open_zoo('january-2020'); "
        "print(sorted({'numpy', 'paddle', 'cv2', 'rich', 'typer'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "[]"
