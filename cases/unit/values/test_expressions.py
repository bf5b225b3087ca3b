"""Expressions of -m and -k, read as pytest reads them."""

from collections.abc import Iterable

import pytest
from _pytest.mark.expression import Expression as PytestExpression
from hypothesis import given
from hypothesis import strategies as st

from harness.values.expressions import DEEPEST, any_carried, read_expression

NAMES = ("coco", "prune", "608", "r578-608", "not_a_keyword", "a.b::c[d]")
WORDS = (*NAMES, "and", "or", "not", "(", ")", " ", "  ")


def holds(text: str, names: Iterable[str]) -> bool | None:
    expression = read_expression(text)
    return None if expression is None else expression.holds(any_carried(names))


def holds_in_pytest(text: str, names: Iterable[str]) -> bool | None:
    try:
        expression = PytestExpression.compile(text)
    except SyntaxError:
        return None
    return expression.evaluate(lambda name, /, **_: name in set(names))


@given(st.lists(st.sampled_from(WORDS), max_size=12), st.sets(st.sampled_from(NAMES)))
def test_a_text_holds_just_where_it_holds_in_pytest(
    words: list[str], names: set[str]
) -> None:
    text = " ".join(words)

    assert holds(text, names) == holds_in_pytest(text, names)


WHOLE = st.recursive(
    st.sampled_from(NAMES),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
        inner.map("not {}".format),
        inner.map("({})".format),
    ),
    max_leaves=8,
)


@given(WHOLE, st.sets(st.sampled_from(NAMES)))
def test_a_whole_expression_holds_just_where_it_holds_in_pytest(
    text: str, names: set[str]
) -> None:
    assert holds(text, names) is not None
    assert holds(text, names) == holds_in_pytest(text, names)


@pytest.mark.parametrize(
    ("text", "carried"),
    [
        ("coco", ["coco"]),
        ("coco or voc and prune", ["coco"]),
        ("not not coco", ["coco"]),
        ("\tnot (voc or prune) ", ["coco"]),
        ("not voc and coco", ["coco"]),
    ],
)
def test_and_binds_before_or_and_not_before_both(text: str, carried: list[str]) -> None:
    assert holds(text, carried) is True
    assert holds(f"not ({text})", carried) is False


@pytest.mark.parametrize(
    "text",
    [
        *("coco and", "and coco", "coco voc", "(coco", "coco)", "()", "not"),
        *("coco\nor voc", "coco == 1", "slow(s=3)", "coco & voc"),
    ],
)
def test_what_is_no_expression_is_none(text: str) -> None:
    assert read_expression(text) is None


def test_the_empty_text_never_holds() -> None:
    assert holds("", ["coco"]) is False
    assert holds("  ", []) is False


def test_the_names_of_an_expression_are_told() -> None:
    expression = read_expression("coco and not (r578-608 or coco)")

    assert expression is not None
    assert expression.names == {"coco", "r578-608"}


@pytest.mark.parametrize(("depth", "is_one"), [(DEEPEST, True), (DEEPEST + 1, False)])
def test_parentheses_have_a_depth_that_ends(depth: int, is_one: bool) -> None:
    text = "(" * depth + "coco" + ")" * depth

    assert (holds(text, ["coco"]) is True) is is_one
    assert holds(" or ".join(["(coco)"] * (depth + 5)), ["coco"]) is True


def test_any_number_of_nots_is_read() -> None:
    assert holds("not " * 10_001 + "coco", []) is True
