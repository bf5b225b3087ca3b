import inspect

import pytest
import typer

from harness.commands.bad_files import BAD_FILES, refusing_bad_files
from harness.errors import HarnessError, UsageError


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_bad_file_is_exit_code_2(
    kind: type[HarnessError], capsys: pytest.CaptureFixture[str]
) -> None:
    @refusing_bad_files
    def command(words: str) -> None:
        raise kind("bad", got=words)

    with pytest.raises(typer.Exit) as ended:
        command("line 3")

    assert ended.value.exit_code == 2
    assert capsys.readouterr().err == "zoo: bad; got line 3\n"


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
