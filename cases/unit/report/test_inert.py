from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.inert import inert, inert_code, inert_comment, link


@pytest.mark.parametrize(
    "text",
    [
        "MobileNetV1 x 1/8",
        "ResNet50-vd-dcn",
        "split_distiil",
        "YOLOv3 (ResNet34, 82.6)",
        "-66.90 % of 94.60; R&D",
        "-",
        "模型体积(MB)",
        "2.5 times",
        "http://h/x_y.tar?a=1&b=2",
        r"C:\path\file",
        "Found by `zoo check`.",
    ],
)
def test_honest_text_stays_as_it_is(text: str) -> None:
    assert inert(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>", "&lt;script&gt;"),
        ("[x](javascript:1)", "&#91;x&#93;(javascript:1)"),
        (r"\[x](y)", "&#92;&#91;x&#93;(y)"),
        ("![x](y)", "!&#91;x&#93;(y)"),
        ("`<b>`", "&#96;&lt;b&gt;&#96;"),
        ("``x``", "&#96;&#96;x&#96;&#96;"),
        ("`a", "&#96;a"),
        ("*a* ~d~ $e$", "&#42;a&#42; &#126;d&#126; &#36;e&#36;"),
        ("_b_ __c__", "&#95;b&#95; &#95;&#95;c&#95;&#95;"),
        ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
        ("&#60;", "&amp;#60;"),
        ("# a", "&#35; a"),
        ("- a", "&#45; a"),
        ("---", "&#45;--"),
        ("===", "&#61;=="),
        ("1. a", "&#49;. a"),
        ("\x1b\n", r"\x1b\x0a"),
    ],
)  # fmt: skip
def test_what_markdown_obeys_is_shown_as_its_number(text: str, shown: str) -> None:
    assert inert(text) == shown


@given(st.text(st.sampled_from("<>[]()`\\!&#;ab1 |*_~$\n\x1b\u202e")))
def test_nothing_that_begins_markup_is_left(text: str) -> None:
    without_code = re.sub(r"(?<!`)`[\w ./:=,-]+`(?!`)", "", inert(text))

    assert not re.search(r"[<>\[\]`*~$]", without_code)
    assert not re.search(r"\\[!-/:-@\[-`{-~]", without_code)
    assert inert(text).isprintable()


def test_code_is_not_left_early() -> None:
    assert inert_code("a`<script>`b\n") == r"a\x60<script>\x60b\x0a"


def test_a_comment_is_not_ended() -> None:
    assert inert_comment("zoo --zoo x--><script>") == "zoo --zoo x--&gt;&lt;script&gt;"


@pytest.mark.parametrize(
    ("address", "linked"),
    [
        ("https://h/x_y.tar?a=1&b=%20", "[get](https://h/x_y.tar?a=1&b=%20)"),
        ("http://h/x.tar)<script>[`|", "[get](http://h/x.tar%29%3Cscript%3E%5B%60%7C)"),
        ("HTTP://h/x.tar", "[get](HTTP://h/x.tar)"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("data:text/html,<script>", "data:text/html,&lt;script&gt;"),
        ("file:///x.tar", "file:///x.tar"),
        (" javascript:x", " javascript:x"),
        ("http://[::1", "http://&#91;::1"),
    ],
)
def test_only_addresses_of_the_web_are_links(address: str, linked: str) -> None:
    assert link("get", address) == linked
