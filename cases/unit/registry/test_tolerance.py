from decimal import Decimal
from pathlib import Path

import pytest

from harness.errors import ZooDataError
from harness.registry.tolerance import read_tolerance
from harness.values.rows import TolerancePart

TEXT = """
name = "rounding"
value_pct = 0.05
basis = "derived"
source = "one decimal"
applies_to = { family = ["quant"] }
"""


def test_a_part_is_read_from_its_zoos_section_exactly(tmp_path: Path) -> None:
    path = tmp_path / "tolerance.toml"
    path.write_text(f"[[mine.part]]{TEXT}")

    assert read_tolerance(path, "mine", []) == (
        TolerancePart(
            name="rounding",
            value_pct=Decimal("0.05"),
            basis="derived",
            source="one decimal",
            applies_to={"family": ("quant",)},
        ),
    )


def test_a_part_may_depend_on_everything_that_there_is(tmp_path: Path) -> None:
    fields = ("architecture", "backbone", "dataset", "family", "input_px", "strategy")
    every = ", ".join(f'{name} = ["x"]' for name in fields)
    path = tmp_path / "tolerance.toml"
    path.write_text("[[part]]" + TEXT.replace('family = ["quant"]', every))
    problems: list[ZooDataError] = []

    (part,) = read_tolerance(path, None, problems)

    assert problems == []
    assert part.applies_to == dict.fromkeys(fields, ("x",))


def test_a_part_may_be_of_retrained_rows_alone(tmp_path: Path) -> None:
    path = tmp_path / "tolerance.toml"
    path.write_text(f"[[part]]{TEXT}[[part]]{TEXT}only_retrained = true\n")

    parts = read_tolerance(path, None, [])

    assert [one.only_retrained for one in parts] == [False, True]


def test_a_zoo_without_a_section_gets_the_default(tmp_path: Path) -> None:
    path = tmp_path / "tolerance.toml"
    path.write_text(f"[[default.part]]{TEXT}")

    assert len(read_tolerance(path, "mine", [])) == 1


def test_a_lone_folders_tolerance_has_no_section(tmp_path: Path) -> None:
    path = tmp_path / "tolerance.toml"
    path.write_text(f"[[part]]{TEXT}[[part]]{TEXT}")

    assert len(read_tolerance(path, None, [])) == 2


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("0.05", "-0.05", "part 1: field value_pct; expected a number from 0"),
        ("derived", "guessed", "part 1: field basis; expected derived or measured or"),
        ("family", "colour", "part 1: field applies_to; expected architecture.*colour"),
        ('["quant"]', '"quant"', "part 1: field applies_to; expected a table of lists"),
        ("[[part]]", "[[parts]]", "unknown field; expected part, got parts"),
    ],
)
def test_a_malformed_part_is_noted(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    path = tmp_path / "tolerance.toml"
    path.write_text(f"[[part]]{TEXT}".replace(old, new, 1))
    problems: list[ZooDataError] = []

    assert read_tolerance(path, None, problems) == ()
    with pytest.raises(ZooDataError, match=rf"tolerance\.toml: {expected}"):
        raise problems[0]


def test_no_tolerance_is_not_a_tolerance_of_nothing(tmp_path: Path) -> None:
    path = tmp_path / "tolerance.toml"
    path.write_text("")
    problems: list[ZooDataError] = []

    assert read_tolerance(path, "mine", problems) == ()
    assert str(problems[0]) == (
        "tolerance.toml: section mine; expected at least one [[part]], got none; "
        "no tolerance at all is a part of 0"
    )
