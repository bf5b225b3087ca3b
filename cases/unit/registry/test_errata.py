from pathlib import Path

import pytest

from harness.errors import ZooDataError
from harness.registry.errata import read_errata
from harness.values.rows import Erratum

TEXT = """
field = "input_px"
rows = ["a-row"]
printed = "320"
corrected = "608"
changes_run = true
evidence = ["a later edition"]
"""


def test_an_erratum_is_read_from_its_zoos_section(tmp_path: Path) -> None:
    path = tmp_path / "errata.toml"
    path.write_text(f"[mine.E1]{TEXT}[other.E1]{TEXT}")

    assert read_errata(path, "mine", []) == (
        Erratum(
            erratum_id="E1",
            field="input_px",
            rows=("a-row",),
            printed="320",
            corrected="608",
            changes_run=True,
            evidence=("a later edition",),
        ),
    )


def test_a_lone_folders_errata_have_no_section(tmp_path: Path) -> None:
    path = tmp_path / "errata.toml"
    path.write_text(f"[E1]{TEXT}[E2]{TEXT}")

    assert [one.erratum_id for one in read_errata(path, None, [])] == ["E1", "E2"]


def test_no_file_and_no_section_are_no_errata(tmp_path: Path) -> None:
    path = tmp_path / "errata.toml"

    assert read_errata(path, "mine", []) == ()
    path.write_text(f"[other.E1]{TEXT}")
    assert read_errata(path, "mine", []) == ()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("input_px", "size", "field field; expected input_px or url .*, got 'size'"),
        ("true", '"yes"', "field changes_run; expected true or false, got 'yes'"),
        ('["a later edition"]', "[]", "field evidence; expected at least one, got"),
        ("printed", "prints", "field printed; expected a text, got nothing"),
        ('rows = ["a-row"]', 'rows = "a-row"', "field rows; expected a list of texts"),
    ],
)
def test_a_malformed_erratum_is_noted_and_the_next_is_read(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    path = tmp_path / "errata.toml"
    path.write_text(f"[E1]{TEXT.replace(old, new, 1)}[E2]{TEXT}")
    problems: list[ZooDataError] = []

    assert [one.erratum_id for one in read_errata(path, None, problems)] == ["E2"]
    with pytest.raises(ZooDataError, match=rf"errata\.toml: erratum E1: {expected}"):
        raise problems[0]
