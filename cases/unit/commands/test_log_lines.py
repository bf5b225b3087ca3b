"""What the harness logs: silent by default, lines on standard error when asked for."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.commands.log_lines import showing_log

Zoo = Callable[..., object]
DATA = "DEBUG harness.registry.location: data of the zoos: "


def log_everything() -> None:
    log = logging.getLogger("harness.pipeline.measure.measure")
    log.debug("a detail")
    log.info("source %s", "a\nb")
    log.warning("odd")


@pytest.mark.parametrize(
    ("verbosity", "levels"),
    [
        (0, []),
        (1, ["INFO", "WARNING"]),
        (2, ["DEBUG", "INFO", "WARNING"]),
        (3, ["DEBUG", "INFO", "WARNING"]),
    ],
)
def test_what_is_shown_follows_the_count(
    capsys: pytest.CaptureFixture[str], verbosity: int, levels: list[str]
) -> None:
    with showing_log(verbosity):
        log_everything()
    printed = capsys.readouterr()

    assert printed.out == ""
    assert [line.split()[0] for line in printed.err.splitlines()] == levels


def test_a_line_has_level_module_and_message_whatever_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with showing_log(1):
        log_everything()

    assert capsys.readouterr().err == (
        "INFO harness.pipeline.measure.measure: source a\\x0ab\n"
        "WARNING harness.pipeline.measure.measure: odd\n"
    )


def test_nothing_is_shown_after_the_block(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("harness")
    before = (log.level, list(log.handlers))
    with pytest.raises(RuntimeError), showing_log(2):
        raise RuntimeError
    log_everything()

    assert (log.level, log.handlers) == before
    assert capsys.readouterr().err == ""


def test_who_imports_the_harness_sees_no_log_of_it() -> None:
    code = "import harness, logging; logging.getLogger('harness.x').warning('odd')"
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=True)

    assert done.stdout + done.stderr == ""


def test_a_command_is_silent_by_default_and_tells_details_when_asked(
    home: Path, zoo: Zoo
) -> None:
    assert zoo("list", "--zoo", "demo").err == ""
    assert DATA not in zoo("-v", "list", "--zoo", "demo").err
    for words in (["-vv"], ["-v", "-v"], ["--verbose", "--verbose"]):
        assert f"{DATA}{home}\n" in zoo(*words, "list", "--zoo", "demo").err
    assert zoo("list", "--zoo", "demo").err == ""


def test_the_log_stays_out_of_json(home: Path, zoo: Zoo) -> None:
    said = zoo("-vv", "list", "--zoo", "demo", "--json")

    assert json.loads(said.out)["zoo"] == "demo"
    assert DATA in said.err
