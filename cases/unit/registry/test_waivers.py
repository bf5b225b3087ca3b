import datetime as dt
from pathlib import Path

import pytest

from harness.errors import ZooDataError
from harness.registry.waivers import read_waivers
from harness.values.records import Verdict
from harness.values.waivers import Waiver

TEXT = """
[[waiver]]
zoo = "demo"
row = "a-row"
verdict = "unavailable"
reason = "the server is gone"
expires = 2030-12-31
"""


def test_a_waiver_is_read(tmp_path: Path) -> None:
    path = tmp_path / "waivers.toml"
    path.write_text(TEXT)

    assert read_waivers(path) == (
        Waiver(
            zoo="demo",
            row_id="a-row",
            verdict=Verdict.UNAVAILABLE,
            reason="the server is gone",
            expires=dt.date(2030, 12, 31),
        ),
    )


def test_a_missing_file_waives_nothing(tmp_path: Path) -> None:
    assert read_waivers(tmp_path / "waivers.toml") == ()


def test_the_shipped_file_waives_nothing_and_its_example_is_one(
    tmp_path: Path, repository: Path
) -> None:
    shipped = repository / "expected" / "waivers.toml"
    _, _, example = shipped.read_text(encoding="utf-8").partition("#\n")
    path = tmp_path / "waivers.toml"
    path.write_text(example.replace("# ", ""))

    assert read_waivers(shipped) == ()
    assert len(read_waivers(path)) == 1


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("unavailable", "reproduced", "field verdict; expected lower or .*'reproduced"),
        ("unavailable", "fine", "field verdict; expected lower or .*, got 'fine'"),
        ("2030-12-31", '"2030-12-31"', "field expires; expected a date"),
        ("the server is gone", "", "field reason; expected a text, got nothing"),
        ("row =", "rwo =", "field row; expected a text, got nothing"),
    ],
)
def test_a_malformed_waiver_is_refused(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    path = tmp_path / "waivers.toml"
    path.write_text(TEXT.replace(old, new))

    with pytest.raises(ZooDataError, match=rf"waivers\.toml: waiver 1 \(.*{expected}"):
        read_waivers(path)


def test_a_misspelt_block_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "waivers.toml"
    path.write_text(TEXT.replace("[[waiver]]", "[[waivers]]"))

    with pytest.raises(ZooDataError, match="unknown field; expected waiver, got"):
        read_waivers(path)
