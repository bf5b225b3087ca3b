import pytest

from harness.commands.json_word import with_json_value


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("gate --json", "gate --json=-"),
        ("gate --json --zoo demo", "gate --json=- --zoo demo"),
        ("gate --json -", "gate --json -"),
        ("gate --json FILE --zoo demo", "gate --json FILE --zoo demo"),
        ("gate --json=FILE", "gate --json=FILE"),
        ("list --json", "list --json"),
        ("", ""),
    ],
)
def test_a_bare_json_prints(words: str, expected: str) -> None:
    assert with_json_value(words.split()) == expected.split()
