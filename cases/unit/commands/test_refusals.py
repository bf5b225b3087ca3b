"""Every command tells its refusals as JSON where JSON was asked for."""

import json
from collections.abc import Callable, Iterator

import pytest
import typer

from harness.__main__ import app

Run = Callable[..., object]


def commands_of(group: object, words: tuple[str, ...] = ()) -> Iterator[tuple]:
    for name, command in group.commands.items():
        path = (*words, name)
        if hasattr(command, "commands"):
            yield from commands_of(command, path)
        else:
            yield path, command


COMMANDS = dict(commands_of(typer.main.get_command(app)))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_json(words: tuple[str, ...]) -> None:
    assert "--json" in {one for own in COMMANDS[words].params for one in own.opts}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_words_without_a_meaning_are_refused_as_data(
    zoo: Run, words: tuple[str, ...]
) -> None:
    said = zoo(*words, "--nothing", "--json")

    assert said.code == 2
    error = json.loads(said.out)["error"]
    assert error["exit_code"] == 2
    assert "--nothing" in error["message"]
    assert said.err.startswith("zoo: ")
    assert said.err.count("\n") == 1


ASKED_WRONGLY = {
    ("list", "--zoo", "none"): "no zoo 'none'",
    ("check", "--zoo", "none"): "no zoo 'none'",
    ("describe", "none"): "no row 'none' in january-2020",
    ("import", "none.md", "--source", "x"): "none.md: not a text file to read",
    ("import", "none.md"): "--source",
    ("fetch", "none"): "'none' is neither a row nor an archive of january-2020",
    ("report", "--records", "none"): "records folder",
    ("gate", "--records", "none"): "records folder",
    ("accept", "none", "--reason", "r"): "rows to accept",
    ("score", "none", "x"): "dataset",
    ("score", "coco", "none.json", "--truth", "x"): "no annotations to score against",
    ("export", "none"): "no record",
    ("compare", "none", "none"): "no record",
    ("plan", "-m", "("): "-m",
    ("data", "fetch", "none", "--data-root", "."): "dataset",
    ("data", "check", "none", "--data-root", "."): "dataset",
    ("data", "pin", "none", "--data-root", "."): "dataset",
    ("data", "check"): "no data root",
}


@pytest.mark.parametrize("words", ASKED_WRONGLY, ids=" ".join)
def test_what_cannot_be_asked_is_exit_code_2_and_has_its_parts(
    zoo: Run, words: tuple[str, ...]
) -> None:
    said = zoo(*words, "--json")

    assert said.code == 2
    error = json.loads(said.out)["error"]
    assert error["what"] == ASKED_WRONGLY[words]
    assert said.err == f"zoo: {error['message']}\n"
    assert set(error) == {
        *("message", "where", "what", "expected", "got", "next_step", "exit_code")
    }


@pytest.mark.parametrize("words", ASKED_WRONGLY, ids=" ".join)
def test_without_json_a_refusal_is_one_line_of_standard_error(
    zoo: Run, words: tuple[str, ...]
) -> None:
    said = zoo(*words)

    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("zoo: ")
    assert said.err.count("\n") == 1


def test_a_dataset_that_is_not_here_is_incomplete(zoo: Run, tmp_path: object) -> None:
    said = zoo("data", "pin", "coco", "--data-root", tmp_path, "--json")

    assert said.code == 3
    assert json.loads(said.out)["error"]["exit_code"] == 3


@pytest.mark.parametrize("words", [("--json",), ("--json", "-"), ("--json=-",)])
def test_the_gate_prints_json_without_a_file_too(
    zoo: Run, words: tuple[str, ...]
) -> None:
    said = zoo("gate", *words, "--records", "none")

    assert said.code == 2
    assert json.loads(said.out)["error"]["what"] == "records folder"


#: Environment twin -> a command whose option it is.
TWINS = {
    "ZOO_DATA_ROOT": ("data", "check"),
    "ZOO_CACHE": ("cache", "list"),
    "ZOO_RECORDS": ("gate",),
    "ZOO_MIRROR": ("fetch",),
    "ZOO_OFFLINE": ("fetch",),
}


@pytest.mark.parametrize("twin", TWINS)
def test_an_option_has_its_twin_in_every_command_that_has_it(twin: str) -> None:
    names = {
        own
        for one in COMMANDS[TWINS[twin]].params
        if one.envvar == twin
        for own in one.opts
    }

    assert len(names) == 1
    lacking = [
        words
        for words, command in COMMANDS.items()
        for one in command.params
        if names & set(one.opts) and one.envvar != twin
    ]
    assert lacking == []


def test_a_twin_is_heeded_and_the_option_wins(
    zoo: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_RECORDS", "by-twin")
    assert "nothing at by-twin/demo" in zoo("gate", "--zoo", "demo").err

    said = zoo("gate", "--zoo", "demo", "--records", "by-option")
    assert "nothing at by-option/demo" in said.err
