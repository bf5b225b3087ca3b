from collections.abc import Callable
from pathlib import Path

import pytest

from harness.registry.lint.zoo import lint_zoo

Edit = Callable[[str, str, str], None]

ROW = "yolov3-mobilenet_v1-coco-prune_r578-320"


@pytest.mark.parametrize("printed", ["24", "24.00", "24.05", "+24.0", "2.4e1", "024.0"])
def test_a_claim_without_its_one_decimal_is_told(
    home: Path, edit: Edit, printed: str
) -> None:
    edit("expected/january-2020.csv", "24.0", printed)
    (message,) = lint_zoo("january-2020", home)

    assert message == (
        f"january-2020.csv: claim {ROW} box_ap: field printed; expected a percentage "
        f"with one decimal, such as 24.0, got '{printed}'"
    )


@pytest.mark.parametrize("printed", ["0.0", "9.9", "100.0"])
def test_every_percentage_of_one_decimal_is_a_claim(
    home: Path, edit: Edit, printed: str
) -> None:
    edit("expected/january-2020.csv", "24.0", printed)

    assert lint_zoo("january-2020", home) == ()


def test_a_part_that_applies_to_no_row_is_told(home: Path, edit: Edit) -> None:
    edit("expected/tolerance.toml", 'family = ["quant"]', 'family = ["quantised"]')
    (message,) = lint_zoo("january-2020", home)

    assert message == (
        "tolerance.toml: part quantised rounding: field applies_to.family; expected "
        "values that rows have: distill, prune, quant, got quantised"
    )


def test_two_parts_of_one_name_are_told(home: Path, edit: Edit) -> None:
    edit("expected/tolerance.toml", '"device kernels"', '"rounding"')
    (message,) = lint_zoo("january-2020", home)

    assert message == (
        "tolerance.toml: part rounding: field name; expected each name once, got it "
        "again"
    )
