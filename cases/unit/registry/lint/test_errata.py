from collections.abc import Callable
from pathlib import Path

import pytest

from harness.registry.lint.zoo import lint_zoo

Edit = Callable[[str, str, str], None]

P1 = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"
ERRATA = "expected/errata.toml"
BASE = "https://paddlemodels.bj.bcebos.com/PaddleSlim/"
PRINTED = f"{BASE}prune/yolov3_r50_dcn_prune1x.tar"
MOVED = f"{BASE}prune/yolov3_r50vd_dcn_prune1x.tar"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            f'rows = ["{P1}"]',
            'rows = ["a-row"]',
            "erratum E1: field rows; expected ids of rows of this zoo, got a-row",
        ),
        (
            f'rows = ["{P1}"]',
            "rows = []",
            "erratum E1: field rows; expected at least one row, got none",
        ),
        (
            'printed = "320"',
            'printed = "416"',
            f"erratum E1: field printed; expected what {P1} prints, 320, got '416'",
        ),
        (
            'corrected = "608"',
            'corrected = "320"',
            (
                "erratum E1: field corrected; expected another text than the printed "
                "320, got 320"
            ),
        ),
        (
            'corrected = "608"',
            'corrected = "608 px"',
            (
                "erratum E1: field corrected; expected a whole number of pixels, got "
                "'608 px'"
            ),
        ),
        (
            "changes_run = true",
            "changes_run = false",
            (
                "erratum E1: field changes_run; expected true for a correction of "
                "input_px, got false"
            ),
        ),
        (
            "changes_run = false",
            "changes_run = true",
            (
                "erratum E2: field changes_run; expected false for a correction of "
                "url, got true"
            ),
        ),
        (
            f'printed = "{PRINTED}"',
            f'printed = "{BASE}x.tar"',
            (
                f"erratum E2: field printed; expected what {P1} prints, {PRINTED}, got "
                f"'{BASE}x.tar'"
            ),
        ),
        (
            'printed = "r578"',
            'printed = "r75"',
            (
                "erratum E5: field printed; expected what "
                "yolov3-mobilenet_v1-voc-prune_r578-608 prints, r578, got 'r75'"
            ),
        ),
        (
            'corrected = "sensity"',
            'corrected = "sensitive"',
            (
                "erratum E5: field corrected; expected SANAS or aware or baseline or "
                "l2_distiil or post or r578 or sensity or split_distiil or teacher, "
                "got 'sensitive'"
            ),
        ),
    ],
)
def test_an_erratum_at_fault_is_told(
    home: Path, edit: Edit, old: str, new: str, message: str
) -> None:
    edit(ERRATA, old, new)

    assert lint_zoo("january-2020", home)[0] == f"errata.toml: {message}"


def test_a_spelling_that_names_a_row_is_printed_there(home: Path, edit: Edit) -> None:
    edit(ERRATA, "rows = []", f'rows = ["{P1}"]')
    (message,) = lint_zoo("january-2020", home)

    assert message.startswith(
        f"errata.toml: erratum E4: field printed; expected what {P1}"
    )


def test_a_corrected_address_that_no_move_follows_is_told(
    home: Path, edit: Edit
) -> None:
    edit("moves.toml", 'erratum = "E2"\n', "")

    assert lint_zoo("january-2020", home) == (
        "errata.toml: erratum E2: field corrected; expected a [[move]] of "
        "yolov3_r50_dcn_prune1x in moves.toml that names E2, got none to " + MOVED,
    )


def test_an_erratum_of_an_address_that_no_archive_has_is_told(
    home: Path, edit: Edit
) -> None:
    edit("prune_coco.toml", '\narchive = "yolov3_r50_dcn_prune1x"', '\narchive = "x"')
    told = [
        one for one in lint_zoo("january-2020", home) if " E2: field printed" in one
    ]

    assert len(told) == 1
    assert f"expected what {P1} prints, nothing, got " in told[0]


def test_a_move_to_elsewhere_than_its_erratum_says_is_told(
    home: Path, edit: Edit
) -> None:
    edit("moves.toml", MOVED, f"{BASE}y.tar")

    messages = lint_zoo("january-2020", home)

    assert messages[0].startswith("errata.toml: erratum E2: field corrected; expected")
    assert messages[1:] == (
        (
            "moves.toml: move of yolov3_r50_dcn_prune1x: field url; expected what E2 "
            f"corrects to, {MOVED}, got {BASE}y.tar"
        ),
    )


def test_a_move_by_an_unknown_erratum_is_told(home: Path, edit: Edit) -> None:
    edit("moves.toml", 'erratum = "E3"', 'erratum = "E9"')

    messages = lint_zoo("january-2020", home)

    assert messages[-1].startswith(
        "moves.toml: move of yolov3_mobilenetv1_coco_quant_aware: field url; expected "
        "what E9 corrects to, no such erratum, got"
    )


def test_a_move_of_an_unknown_archive_is_told(home: Path, edit: Edit) -> None:
    edit("moves.toml", 'archive = "yolov3_mobilenet_v1_voc_prune578"', 'archive = "x"')
    (message,) = lint_zoo("january-2020", home)

    assert message == (
        "moves.toml: move of x: field archive; expected the name of an [[archive]] of "
        "this zoo, got no such archive"
    )


def test_a_move_to_the_printed_address_is_no_move(home: Path, edit: Edit) -> None:
    edit("moves.toml", "voc_prune.tar", "voc_prune578.tar")
    edit(
        "moves.toml",
        "PaddleSlim/yolov3_mobilenet_v1",
        "PaddleSlim/prune/yolov3_mobilenet_v1",
    )
    (message,) = lint_zoo("january-2020", home)

    assert message.startswith(
        "moves.toml: move of yolov3_mobilenet_v1_voc_prune578: field url; expected "
        "another address than the printed one, got"
    )
