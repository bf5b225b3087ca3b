import pytest

from harness.commands.json_option import asks_json, with_json_value


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("gate --json", "gate --json=-"),
        ("gate --json --zoo demo", "gate --json=- --zoo demo"),
        ("gate --json -", "gate --json -"),
        ("gate --json FILE --zoo demo", "gate --json FILE --zoo demo"),
        ("gate --json=FILE", "gate --json=FILE"),
        ("-v gate --json", "-v gate --json=-"),
        ("--debug -vv gate --json --zoo demo", "--debug -vv gate --json=- --zoo demo"),
        ("list --json", "list --json"),
        ("list gate --json", "list gate --json"),
        ("--json", "--json"),
        ("", ""),
    ],
)
def test_a_bare_json_prints(words: str, expected: str) -> None:
    assert with_json_value(words.split()) == expected.split()


@pytest.mark.parametrize(
    ("words", "does"),
    [
        (["list", "--json"], True),
        (["gate", "--json=-"], True),
        (["gate", "--json", "file"], True),
        (["list", "--jsonl"], False),
        ([], False),
    ],
)
def test_json_is_asked_for_by_its_word(words: list[str], does: bool) -> None:
    assert asks_json(words) is does
