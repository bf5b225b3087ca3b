import ast
from pathlib import Path

import pytest

import harness
from harness import errors
from harness.errors import (
    HarnessError,
    ZooDataError,
    located,
    refusing_unreadable,
)
from harness.values.records import FAILING, INCOMPLETE, Verdict

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, HarnessError)
]


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ({}, "size"),
        ({"expected": 3}, "size; expected 3"),
        ({"got": 4}, "size; got 4"),
        ({"expected": 3, "got": 4}, "size; expected 3, got 4"),
        ({"next_step": "fetch again"}, "size; fetch again"),
        (
            {"expected": 3, "got": 4, "next_step": "fetch again"},
            "size; expected 3, got 4; fetch again",
        ),
        ({"expected": 0, "got": ""}, "size; expected 0, got nothing"),
    ],
)
def test_a_message_holds_the_parts_it_was_given(parts, text):
    assert str(HarnessError("size", **parts)) == text


def test_places_are_named_from_the_outside_in():
    with (
        pytest.raises(
            ZooDataError, match=r"^demo.toml: row 3: field; got 7$"
        ) as caught,
        located(Path("demo.toml")),
        located("row 3"),
    ):
        raise ZooDataError("field", got=7)
    assert caught.value.where == ("demo.toml", "row 3")


def test_an_error_of_another_tree_passes_untouched():
    with pytest.raises(ValueError, match=r"^plain$"), located("demo.toml"):
        raise ValueError("plain")


def test_nothing_is_said_where_nothing_is_wrong():
    with located("demo.toml"):
        value = 1

    assert value == 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_refusal_has_a_verdict_that_does_not_pass(kind):
    assert Verdict(kind.verdict) in FAILING | INCOMPLETE


@pytest.mark.parametrize("kind", KINDS)
def test_every_refusal_is_drawn_in_the_tree(kind):
    assert kind.__name__ in errors.__doc__


@pytest.mark.parametrize("name", ["", "none", "a\0b", "x" * 300, "loop"])
def test_a_file_that_the_system_does_not_read_is_refused(tmp_path, name):
    (tmp_path / "loop").symlink_to("loop")

    with (
        pytest.raises(
            ZooDataError, match=r"(?s)^here: cannot be read; got .+; name another$"
        ),
        located("here"),
        refusing_unreadable(ZooDataError, "name another"),
    ):
        (tmp_path / name).read_bytes()


def test_a_value_that_is_wrong_is_no_file_that_cannot_be_read():
    with (
        pytest.raises(ValueError, match=r"^plain$"),
        refusing_unreadable(ZooDataError, "name another"),
    ):
        raise ValueError("plain")


#: What is called with values of a user's; elsewhere a usage error is a programmer's.
USED_BY_HAND = ("commands", "pipeline", "registry")


def test_a_question_that_cannot_be_asked_says_what_to_ask_instead():
    root = Path(harness.__file__).parent
    lacking = [
        f"{path.relative_to(root)}:{call.lineno}"
        for room in USED_BY_HAND
        for path in sorted((root / room).rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", "") == "UsageError"
        and "next_step" not in {one.arg for one in call.keywords}
    ]

    assert lacking == []


@pytest.mark.parametrize("empty", ["", "''", '""', repr("")])
def test_an_empty_value_has_a_word(empty):
    error = HarnessError("field id", expected="a text", got=empty)

    assert str(error) == "field id; expected a text, got nothing"
