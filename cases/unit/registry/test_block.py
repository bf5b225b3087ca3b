import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from harness.errors import ZooDataError
from harness.registry.block import Block, read_toml, table_of, tables_of


def test_each_method_returns_its_type() -> None:
    block = Block(
        {
            "a": "text",
            "b": 3,
            "c": Decimal("0.05"),
            "d": True,
            "e": dt.date(2030, 1, 2),
            "f": ["x", "y"],
            "g": "two",
            "h": {"k": "v"},
            "i": {"k": ["v"]},
            "j": {"k": 1},
            "k": [{"l": 1}],
            "m": "0a" * 32,
            "n": [2, 1],
        }
    )

    assert block.text("a") == "text"
    assert block.whole("b", at_least=1) == 3
    assert block.decimal("c") == Decimal("0.05")
    assert block.flag("d") is True
    assert block.date("e") == dt.date(2030, 1, 2)
    assert block.texts("f") == ("x", "y")
    assert block.choice("g", ("one", "two")) == "two"
    assert block.text_map("h") == {"k": "v"}
    assert block.texts_map("i") == {"k": ("v",)}
    assert block.table("j") == {"k": 1}
    assert block.tables("k") == [{"l": 1}]
    assert block.sha256("m") == "0a" * 32
    assert block.wholes("n", at_least=1) == (2, 1)
    block.finish()


def test_a_missing_optional_field_is_empty() -> None:
    block = Block({})

    assert block.text("a", "") == ""
    assert block.optional_text("b") is None
    assert block.optional_whole("c", at_least=1) is None
    assert block.optional_date("d") is None
    assert block.text_map("e") == {}
    assert block.texts_map("f") == {}
    assert block.tables("g") == []
    assert block.decimal("h", Decimal(1)) == 1
    assert block.optional_sha256("i") is None
    assert block.choice("j", ("one", "two"), "two") == "two"
    assert block.optional_decimal("k") is None
    assert block.optional_flag("l") is False
    assert block.optional_table("m") == {}
    block.finish()


def test_an_optional_field_that_is_there_is_read() -> None:
    block = Block({"b": "x", "c": 2, "d": dt.date(2030, 1, 2), "e": "0a" * 32})

    assert block.optional_text("b") == "x"
    assert block.optional_whole("c", at_least=1) == 2
    assert block.optional_date("d") == dt.date(2030, 1, 2)
    assert block.optional_sha256("e") == "0a" * 32
    more = Block({"f": Decimal("0.5"), "g": True, "h": {"i": 1}})
    assert more.optional_decimal("f") == Decimal("0.5")
    assert more.optional_flag("g") is True
    assert more.optional_table("h") == {"i": 1}


def test_a_list_is_empty_only_where_it_may_be() -> None:
    assert Block({"k": []}).wholes("k", at_least=1, may_be_empty=True) == ()
    with pytest.raises(ZooDataError, match=r"^field k; expected a list of whole numb"):
        Block({"k": []}).wholes("k", at_least=1)


@pytest.mark.parametrize(
    ("value", "ask", "expected"),
    [
        (1, lambda b: b.text("k"), "a text, got 1"),
        ("", lambda b: b.text("k"), "a text, got nothing"),
        (0, lambda b: b.whole("k", at_least=1), "a whole number from 1, got 0"),
        (True, lambda b: b.whole("k", at_least=1), "a whole number from 1, got True"),
        ("608", lambda b: b.whole("k", at_least=1), "whole number from 1, got '608'"),
        (Decimal("-0.1"), lambda b: b.decimal("k"), "a number from 0, got [-N]"),
        (Decimal("nan"), lambda b: b.decimal("k"), "a number from 0, got [-N]"),
        (True, lambda b: b.decimal("k"), "a number from 0, got True"),
        (1, lambda b: b.flag("k"), "true or false, got 1"),
        ("0a" * 31, lambda b: b.sha256("k"), "64 hexadecimal digits, got '0a"),
        ("0A" * 32, lambda b: b.sha256("k"), "64 hexadecimal digits, got '0A"),
        (7, lambda b: b.optional_sha256("k"), "64 hexadecimal digits, got 7"),
        ([], lambda b: b.wholes("k", at_least=1), "whole numbers from 1, got \\[\\]"),
        ([1, 0], lambda b: b.wholes("k", at_least=1), "whole numbers from 1, got "),
        (3, lambda b: b.wholes("k", at_least=1), "whole numbers from 1, got 3"),
        ([True], lambda b: b.wholes("k", at_least=1), "whole numbers from 1, got "),
        ("x", lambda b: b.choice("k", ("y",), "y"), "y, got 'x'"),
        ("2030-01-01", lambda b: b.date("k"), "a date such as 2030-12-31, got '2030"),
        (dt.datetime(2030, 1, 1, tzinfo=dt.UTC), lambda b: b.date("k"), "a date such"),
        ("x", lambda b: b.texts("k"), "a list of texts, got 'x'"),
        (["x", 1], lambda b: b.texts("k"), "a list of texts"),
        ("x", lambda b: b.choice("k", ("a", "b")), "a or b, got 'x'"),
        ({"a": 1}, lambda b: b.text_map("k"), "a table of texts"),
        ("x", lambda b: b.text_map("k"), "a table of texts, got 'x'"),
        ("x", lambda b: b.texts_map("k"), "a table of lists of texts, got 'x'"),
        ({"a": "b"}, lambda b: b.texts_map("k"), "a table of lists of texts"),
        (1, lambda b: b.table("k"), r"a table `\[...\]`, got 1"),
        ({}, lambda b: b.tables("k"), r"blocks `\[\[...\]\]`, got {}"),
    ],
)
def test_a_field_of_another_type_is_refused(
    value: object, ask: Callable[[Block], object], expected: str
) -> None:
    with pytest.raises(ZooDataError, match=f"field k; expected .*{expected}"):
        ask(Block({"k": value}))


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (lambda b: b.text("k"), "a text"),
        (lambda b: b.sha256("k"), "64 hexadecimal digits"),
        (lambda b: b.whole("k", at_least=2), "a whole number from 2"),
        (lambda b: b.wholes("k", at_least=2), "a list of whole numbers from 2"),
        (lambda b: b.decimal("k"), "a number from 0"),
        (lambda b: b.flag("k"), "true or false"),
        (lambda b: b.date("k"), "a date"),
        (lambda b: b.texts("k"), "a list of texts"),
        (lambda b: b.choice("k", ("a", "b")), "a or b"),
        (lambda b: b.table("k"), r"a table `\[...\]`"),
    ],
)
def test_a_missing_field_is_refused(
    ask: Callable[[Block], object], expected: str
) -> None:
    with pytest.raises(
        ZooDataError, match=f"^field k; expected {expected}, got nothing$"
    ):
        ask(Block({}))


def test_a_misspelt_field_is_refused_with_the_known_ones() -> None:
    block = Block({"name": "x", "ulr": "y"})
    block.text("name")
    block.optional_text("url")

    with pytest.raises(
        ZooDataError, match="unknown field; expected name, url, got ulr"
    ):
        block.finish()


def test_a_reader_does_not_change_what_it_reads() -> None:
    values = {"a": "x"}
    Block(values).text("a")

    assert values == {"a": "x"}


def test_decimals_are_read_exactly(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("value = 0.05\n")

    assert read_toml(path) == {"value": Decimal("0.05")}


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"a = = 1\n", "Invalid value"),
        (b'a = "\xff"\n', "'utf-8' codec"),
        (b"a = " + b"[" * 100_000, "TOML that is nested too deeply$"),
        (None, "Is a directory$"),
    ],
    ids=["a typing error", "not UTF-8", "nested", "a folder"],
)
def test_a_file_that_is_not_toml_is_named(
    tmp_path: Path, content: bytes | None, got: str
) -> None:
    path = tmp_path / "a.toml"
    path.mkdir() if content is None else path.write_bytes(content)

    with pytest.raises(
        ZooDataError,
        match=rf"^a\.toml: not readable as TOML; expected TOML in UTF-8, got {got}",
    ):
        read_toml(path)


def test_blocks_and_tables_are_told_apart() -> None:
    assert tables_of([{"a": 1}], "x") == [{"a": 1}]
    assert table_of({"a": 1}, "x") == {"a": 1}
    with pytest.raises(ZooDataError, match=r"x; expected blocks"):
        tables_of({"a": 1}, "x")
    with pytest.raises(ZooDataError, match=r"x; expected a table"):
        table_of([1], "x")
