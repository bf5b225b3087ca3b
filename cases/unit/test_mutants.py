"""Which mutations of which modules are tried, and with which tests."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "mutants" / "by_room.py"
BEFORE = 'def f(a):\n    return g(a < 1, got=a, key="sha256", told="a few words")\n'


@pytest.fixture(scope="module")
def by_room():
    spec = importlib.util.spec_from_file_location("by_room", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("old", "new", "is_silent"),
    [
        ("a few words", "XXa few wordsXX", True),
        ("a few words", "A FEW WORDS", True),
        ("def f", "def f__mutmut_1", True),
        ("sha256", "SHA256", False),
        ("a < 1", "a <= 1", False),
        ("got=a", "got=None", False),
        ('told="a few words"', "told=None", False),
    ],
)
def test_only_a_change_of_text_for_people_is_silent(by_room, old, new, is_silent):
    before, after = (
        by_room.silenced(ast.parse(text).body[0])
        for text in (BEFORE, BEFORE.replace(old, new))
    )

    assert (before == after) is is_silent


def test_a_room_is_a_folder_or_a_module(by_room):
    room = by_room.modules_of("compare")

    assert Path("harness/compare/verdict.py") in room
    assert by_room.modules_of("compare/verdict") == [Path("harness/compare/verdict.py")]
    assert by_room.modules_of("nowhere") == []


@pytest.mark.parametrize(
    ("room", "tests"),
    [
        ("compare", "cases/unit/compare"),
        ("pipeline/gate", "cases/unit/pipeline"),
        ("errors", "cases/unit"),
    ],
)
def test_the_tests_are_those_of_the_whole_room(by_room, room, tests):
    assert by_room.tests_of(room) == tests


def test_a_mutation_that_no_test_fails_for_is_not_killed(
    by_room, tmp_path, monkeypatch
):
    monkeypatch.setattr(by_room, "PLACE", tmp_path)
    module = Path("harness/a.py")
    told = tmp_path / "mutants" / "harness" / "a.py.meta"
    told.parent.mkdir(parents=True)
    told.write_text(
        '{"exit_code_by_key": {"a": 1, "b": 0, "c": 33, "d": null, "e": 0, "f": 36}}'
    )

    assert by_room.fates_of([module], set("abcdf")) == {
        "a": "killed",
        "b": "survived",
        "c": "not reached",
        "d": "not tried",
        "f": "timed out",
    }
