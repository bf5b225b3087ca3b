"""The one table of options, held to pytest, to the commands and to README."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from harness import pytest_zoo
from harness.__main__ import app
from harness.evaluate.coco.engine_names import DEFAULT_ENGINE, ENGINE_NAMES
from harness.plugin.early import VALUED
from harness.plugin.options import CHOICES, add_options
from harness.values.options import OPTIONS, Kind, Option

BY_NAME = {one.name: one for one in OPTIONS}
OF_PYTEST = [one for one in OPTIONS if one.in_pytest]
OF_COMMANDS = [one for one in OPTIONS if one.in_commands]
#: ``zoo import`` names the edition it makes; the JSON of the gate may go to a file.
OTHER_MEANINGS = {("zoo import", "--zoo"), ("zoo gate", "--json")}
README = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")


def pytest_options() -> dict[str, dict[str, Any]]:
    added: dict[str, dict[str, Any]] = {}
    add_options(lambda name, **parsing: added.update({name: parsing}))
    return added


def parameters_of(group: Any, words: str = "zoo") -> Iterator[tuple[str, Any]]:
    for parameter in group.params:
        if parameter.param_type_name == "option":
            yield words, parameter
    for name, command in getattr(group, "commands", {}).items():
        yield from parameters_of(command, f"{words} {name}")


PARAMETERS = list(parameters_of(typer.main.get_command(app)))


def parameters_named(option: Option) -> list[tuple[str, Any]]:
    name = option.command_name or option.name
    return [(words, one) for words, one in PARAMETERS if name in one.opts]


def named(option: Option) -> str:
    return option.name


def test_names_and_twins_are_each_of_one_option() -> None:
    twins = [one.twin for one in OPTIONS if one.twin]

    assert len(BY_NAME) == len(OPTIONS)
    assert len(set(twins)) == len(twins)
    assert all(re.fullmatch(r"ZOO_[A-Z_]+", one) for one in twins)


def test_the_options_of_pytest_are_those_that_are_frozen() -> None:
    assert set(pytest_options()) == {
        *("--zoo", "--gpu", "--data-root", "--zoo-cache", "--records", "--mirror"),
        *("--offline", "--require-measured", "--retrain", "--limit", "--fresh"),
        *("--coco-engine", "--precision", "--program-memory", "--program-seconds"),
        *("--max-image-pixels", "--zoo-debug", "--max-hours", "--batch", "--runtime"),
    }


@pytest.mark.parametrize("option", OF_PYTEST, ids=named)
def test_an_option_of_pytest_is_parsed_as_its_kind_says(option: Option) -> None:
    parsing = pytest_options()[option.name]

    assert (parsing.get("action") == "store_true") is (option.kind is Kind.SWITCH)
    assert (parsing.get("type") is int) is (option.kind is Kind.NUMBER)
    assert parsing.get("choices") == CHOICES.get(option)
    assert ("metavar" in parsing) is (option.takes_value and option not in CHOICES)
    assert parsing["help"].startswith(option.help)
    assert option.twin in parsing["help"]
    assert option.default in parsing["help"]


def test_only_the_precision_has_a_default_of_its_own() -> None:
    defaults = {name: one.get("default") for name, one in pytest_options().items()}

    assert defaults.pop("--precision") == "float32"
    assert set(defaults.values()) == {None}
    assert DEFAULT_ENGINE in ENGINE_NAMES


@pytest.mark.parametrize("option", OPTIONS, ids=named)
def test_early_knows_what_takes_a_value_in_pytest(option: Option) -> None:
    assert (option.name in VALUED) is (option.in_pytest and option.takes_value)


@pytest.mark.parametrize("option", OF_COMMANDS, ids=named)
def test_an_option_of_commands_is_the_same_in_each(option: Option) -> None:
    parameters = parameters_named(option)

    assert parameters
    twin = None if option.twin_is_read_below else option.twin or None
    for words, parameter in parameters:
        assert parameter.envvar == twin, words
        if (words, option.name) in OTHER_MEANINGS:
            continue
        assert bool(parameter.is_flag) is (not option.takes_value), words
        assert parameter.metavar == (option.metavar or None), words
        if option.twin_is_read_below:
            assert option.twin in parameter.help, words


@pytest.mark.parametrize("option", OPTIONS, ids=named)
def test_an_option_is_in_a_command_just_when_it_says_so(option: Option) -> None:
    assert bool(parameters_named(option)) is option.in_commands


@pytest.mark.parametrize(
    "option", [one for one in OF_COMMANDS if one.default], ids=named
)
def test_a_default_is_the_same_wherever_a_command_shows_one(option: Option) -> None:
    for words, parameter in parameters_named(option):
        if (words, option.name) not in OTHER_MEANINGS and parameter.default is not None:
            assert str(parameter.default) == option.default, words


def test_no_command_has_a_twin_that_is_not_in_the_table() -> None:
    twins = {parameter.envvar for _, parameter in PARAMETERS if parameter.envvar}

    assert twins == {
        one.twin for one in OF_COMMANDS if one.twin and not one.twin_is_read_below
    }


@pytest.mark.parametrize("option", OF_PYTEST, ids=named)
def test_readme_lists_an_option_of_pytest_with_its_twin(option: Option) -> None:
    (line,) = re.findall(rf"(?m)^\| `{option.name}[` ].*$", README)
    name, twin, meaning = re.split(r"\s*(?<!\\)\|\s*", line)[1:-1]

    assert twin == (f"`{option.twin}`" if option.twin else "")
    assert (" " in name) is option.takes_value
    assert option.default in meaning


@pytest.mark.parametrize("option", OF_PYTEST, ids=named)
def test_the_manual_has_a_paragraph_for_an_option_of_pytest(option: Option) -> None:
    manual = inspect.getdoc(pytest_zoo.pytest_addoption) or ""
    (paragraph,) = re.findall(
        rf"(?ms)^- (``{option.name}[` ].*?)(?=^-|\n\n|\Z)", manual
    )

    assert set(re.findall(r"``(ZOO_\w+)``", paragraph)) == {option.twin} - {""}
    assert option.default in paragraph
    choices = CHOICES.get(option, ())
    assert all(word in paragraph for word in choices)


def test_readme_lists_no_option_that_does_not_exist() -> None:
    table = README.partition("| option | twin | meaning |")[2].partition("\n\n")[0]

    names = set(re.findall(r"(?m)^\| `(--[\w-]+)", table))
    assert names == {one.name for one in OF_PYTEST}
