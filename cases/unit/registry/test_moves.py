from pathlib import Path

import pytest

from harness.errors import ZooDataError
from harness.registry.moves import Move, read_moves

TEXT = """
[[move]]
archive = "a"
url = "https://example.org/b.tar"
erratum = "E2"
source = "a later edition"

[[move]]
archive = "a"
url = "https://example.org/c.tar"
source = "another zoo"
"""


def test_moves_are_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "moves.toml"
    path.write_text(TEXT)

    first, second = read_moves(path, [])

    assert first == Move(
        archive="a",
        url="https://example.org/b.tar",
        source="a later edition",
        erratum="E2",
    )
    assert second.erratum is None


def test_no_file_is_no_move(tmp_path: Path) -> None:
    assert read_moves(tmp_path / "moves.toml", []) == ()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('source = "a later edition"', "", "move 1: field source; expected a text"),
        ("archive =", "name =", "move 1: field archive; expected a text, got nothing"),
        ("[[move]]", "[[moves]]", "unknown field; expected move, got moves"),
    ],
)
def test_a_malformed_move_is_noted(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    path = tmp_path / "moves.toml"
    path.write_text(TEXT.replace(old, new, 1))
    problems: list[ZooDataError] = []
    read_moves(path, problems)

    assert str(problems[0]).startswith(f"moves.toml: {expected}")
