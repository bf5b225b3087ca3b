import inspect

import pytest

from harness.commands import exits
from harness.commands.exits import BAD_FILES, refusing_bad_files
from harness.errors import HarnessError, UsageError, located


def test_the_exit_codes_are_those_that_are_frozen() -> None:
    assert (exits.EXIT_FAILED, exits.EXIT_USAGE, exits.EXIT_INCOMPLETE) == (1, 2, 3)


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_bad_file_is_a_usage_error_with_the_same_parts(
    kind: type[HarnessError],
) -> None:
    @refusing_bad_files
    def command(words: str) -> None:
        with located("a.json"):
            raise kind("bad", expected="good", got=words, next_step="mend it")

    with pytest.raises(UsageError) as refusal:
        command("line 3")

    assert str(refusal.value) == "a.json: bad; expected good, got line 3; mend it"


def test_other_refusals_go_on() -> None:
    @refusing_bad_files
    def command() -> None:
        raise UsageError("no such thing")

    with pytest.raises(UsageError, match="no such thing"):
        command()


def test_a_command_keeps_its_words() -> None:
    def command(dataset: str, by: int = 3) -> None:
        """Help."""

    assert inspect.signature(refusing_bad_files(command)) == inspect.signature(command)
    assert refusing_bad_files(command).__doc__ == "Help."
