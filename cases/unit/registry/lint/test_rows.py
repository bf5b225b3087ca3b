from collections.abc import Callable
from pathlib import Path

import pytest

from harness.registry.lint.zoo import lint_zoo

Edit = Callable[[str, str, str], None]

P1 = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"
P2 = "yolov3-mobilenet_v1-coco-prune_r578-608"
BASE = "https://paddlemodels.bj.bcebos.com/PaddleSlim/"


def test_an_id_that_is_not_made_of_the_fields_is_told(home: Path, edit: Edit) -> None:
    edit("prune_coco.toml", f'id = "{P2}"', 'id = "p2"')
    edit("expected/january-2020.csv", P2, "p2")

    assert lint_zoo("january-2020", home) == (
        f"prune_coco.toml: row p2: field id; expected {P2}, got p2",
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'backbone = "resnet50_vd_dcn"',
            'backbone = "resnet50"',
            (
                "field backbone; expected mobilenet_v1 or resnet34 or resnet50_vd_dcn "
                "or resnet50_vd_dcn_obj365, got resnet50"
            ),
        ),
        (
            'architecture = "yolov3"',
            'architecture = "ssd"',
            "field architecture; expected blazeface or yolov3, got ssd",
        ),
        (
            'strategy = "prune_sensity"',
            'strategy = "prune"',
            (
                "field strategy; expected baseline or distill_l2 or "
                "distill_prune_r578 or distill_prune_sensity or distill_split or "
                "prune_r578 or prune_sensity or quant_aware or quant_post, got prune"
            ),
        ),
    ],
)
def test_an_unknown_word_is_told_with_the_known_ones(
    home: Path, edit: Edit, old: str, new: str, message: str
) -> None:
    edit("prune_coco.toml", old, new)

    assert f"prune_coco.toml: row {P1}: {message}" in lint_zoo("january-2020", home)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '"输入尺寸" = "320"',
            '"输入尺寸" = "608"',
            "field cells.输入尺寸; expected what prints input_px 320, got '608'",
        ),
        (
            '"裁剪策略" = "sensity"',
            '"裁剪策略" = "r578"',
            (
                "field cells.裁剪策略; expected what prints strategy prune_sensity, "
                "got 'r578'"
            ),
        ),
        (
            '= "ResNet50-vd-dcn"',
            '= "MobileNetV1"',
            (
                "field cells.骨架网络; expected what prints backbone resnet50_vd_dcn, "
                "got 'MobileNetV1'"
            ),
        ),
        (
            '= "ResNet50-vd-dcn"',
            '= "ResNet50-vd-dcn x 1/2"',
            (
                "field cells.骨架网络; expected what prints width 1.0, "
                "got 'ResNet50-vd-dcn x 1/2'"
            ),
        ),
        (
            '= "ResNet50-vd-dcn"',
            '= "VGG16"',
            (
                "field cells.骨架网络: unknown backbone; expected MobileNetV1 or "
                "R50vd-dcn or ResNet34 or ResNet50-vd-dcn, got 'VGG16'; a new word is "
                "one line in harness/registry/words.py"
            ),
        ),
        (
            '"输入尺寸" = "320"\n',
            "",
            (
                "field cells; expected 骨架网络, 裁剪策略, 输入尺寸, "
                "got 骨架网络, 裁剪策略"
            ),
        ),
    ],
)
def test_a_cell_that_prints_something_else_than_the_fields_is_told(
    home: Path, edit: Edit, old: str, new: str, message: str
) -> None:
    edit("prune_coco.toml", old, new)

    assert lint_zoo("january-2020", home)[0] == f"prune_coco.toml: row {P1}: {message}"


def test_two_tables_of_one_place_are_told(home: Path, edit: Edit) -> None:
    edit("prune_voc.toml", "order = 2", "order = 1")
    (message,) = lint_zoo("january-2020", home)

    assert message == (
        "prune_voc.toml: table: field order; expected each place in the document once, "
        "got 1, as in prune_coco.toml"
    )


def test_a_table_without_rows_is_told(home: Path) -> None:
    folder = home / "cases" / "rows" / "january-2020"
    text = (folder / "prune_voc.toml").read_text(encoding="utf-8")
    head = text.partition("[[archive]]")[0].replace("order = 2", "order = 9")
    (folder / "empty.toml").write_text(head, encoding="utf-8")

    assert lint_zoo("january-2020", home) == (
        "empty.toml: [[row]]; expected at least one, got none",
    )


@pytest.mark.parametrize(
    ("name", "url", "message"),
    [
        ("b", "https://e.org/b.tar", "field name; expected a row that names it as its"),
        ("b", "https://e.org/c.tar", "field name; expected the last part of its url"),
        ("b", "https://e.org/b.zip", "field name; expected the last part of its url"),
        ("b", "ftp://e.org/b.tar", "field url; expected https: or http: or file:, got"),
        (
            "b",
            f"{BASE}prune/yolov3_r50_dcn_prune1x.tar",
            "field url; expected each address once, got that of the archive yolov3_r50",
        ),
    ],
)
def test_an_archive_at_fault_is_told(
    home: Path, edit: Edit, name: str, url: str, message: str
) -> None:
    block = f'[[archive]]\nname = "{name}"\nurl = "{url}"\n'
    edit("prune_coco.toml", "[[row]]", f"{block}\n[[row]]")

    messages = lint_zoo("january-2020", home)

    assert any(
        one.startswith(f"prune_coco.toml: archive {name}: {message}")
        for one in messages
    )


def test_rows_of_one_archive_are_one_network(home: Path, edit: Edit) -> None:
    row = "yolov3-mobilenet_v1-voc-prune_r578-608"
    edit("prune_voc.toml", "num_classes = 20", "num_classes = 21")

    assert lint_zoo("january-2020", home) == tuple(
        f"prune_voc.toml: row {row.replace('608', size)}: field num_classes; expected "
        f"21, as in {row} of the same archive, got 20"
        for size in ("416", "320")
    )
