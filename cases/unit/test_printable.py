from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.printable import (
    counted,
    first_few,
    printable,
    printable_json,
    printable_lines,
)

#: Lone surrogates too: names of files and strings of pickles have them.
ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, 裁剪 – é", "plain, 裁剪 – é"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\nb\r\tc", r"a\x0ab\x0d\x09c"),
        ("\x9b1m\x7f", r"\x9b1m\x7f"),
        ("\u202eabc\u2066", r"\u202eabc\u2066"),
        ("\u200b\u2028\ufeff", r"\u200b\u2028\ufeff"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("\u00a0", r"\xa0"),
        ("::error::x", r"\x3a:error::x"),
        ("  ::warning::x", r"  \x3a:warning::x"),
        ("std::vector", "std::vector"),
        ("::1", "::1"),
        ("a ##[error]x", r"a \x23#[error]x"),
        ("##vso[task.setvariable]", r"\x23#vso[task.setvariable]"),
        ("## heading", "## heading"),
    ],
)
def test_what_something_obeys_is_shown_as_its_number(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(ANY_TEXT)
def test_whatever_is_said_is_one_printable_line(text: str) -> None:
    shown = printable(text, longest_chars=50)

    assert shown.isprintable()
    shown.encode()  # what is not text is refused here
    assert len(shown) < 50 + len("... and 1234567 more characters") + len(r"\x3a")
    assert printable(shown) == shown


def test_long_text_is_cut_and_the_rest_counted() -> None:
    assert printable("x" * 300) == "x" * 300
    assert printable("x" * 301) == "x" * 300 + "... and 1 more characters"
    assert printable("\x1b" * 5, longest_chars=11) == (
        r"\x1b\x1b... and 3 more characters"
    )


@pytest.mark.parametrize(
    ("count", "told", "counted_told"),
    [(0, "", ""), (2, "1; 2", "1; 2"), (3, "1; 2; ...", "1; 2 and 1 more")],
)
def test_the_first_few_names_tell_that_there_are_more(
    count: int, told: str, counted_told: str
) -> None:
    names = ["1", "2", "3"][:count]

    assert first_few(names, 2, joint="; ") == told
    assert first_few(names, 2, joint="; ", counts_rest=True) == counted_told


def test_lines_stay_lines() -> None:
    assert printable_lines("a\x1b\n::error::b\n") == "a\\x1b\n\\x3a:error::b\n"


@given(st.dictionaries(ANY_TEXT, ANY_TEXT))
def test_json_keeps_its_values(data: dict[str, str]) -> None:
    text = json.dumps(data, indent=2, ensure_ascii=False)
    spelled = printable_json(text)

    assert json.loads(spelled) == json.loads(text)
    assert spelled.replace("\n", "").isprintable()


@pytest.mark.parametrize("text", ["##[error]", "a##vso[x]", "\\##[x]", "裁剪"])
def test_json_keeps_what_build_services_obey_and_hides_it(text: str) -> None:
    spelled = printable_json(json.dumps([text], ensure_ascii=False))

    assert json.loads(spelled) == [text]
    assert printable_lines(spelled) == spelled


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (11, "11 rows")]
)
def test_one_of_a_thing_is_told_as_one(count: int, told: str) -> None:
    assert counted(count, "row") == told
