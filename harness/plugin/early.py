"""Starts pytest a second time where its command line cannot work as it was given.

There are two such cases. Pytest chooses its root folder before it reads any conftest,
and takes the value of an option that it does not know yet for a test path:
``pytest -m coco --data-root /data`` would root itself at ``/data``. And outside a
checkout nothing has the cases of ``pytest --zoo demo``.

As an entry point this module is loaded in every pytest of its environment. It registers
no option, and does nothing unless a zoo is named or a checkout is meant.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pluggy

from harness.values.options import OPTIONS

hookimpl = pluggy.HookimplMarker("pytest")

#: Options of the plugin that take a value.
VALUED = tuple(one.name for one in OPTIONS if one.in_pytest and one.takes_value)
PLUGIN = "harness.pytest_zoo"
#: Beside the rows' cases: how pytest runs them where no project is around.
CONFIGURATION = "anywhere.ini"


def join_values(words: Sequence[str]) -> list[str]:
    """Return the words with ``--option value`` of the zoo as ``--option=value``."""
    joined: list[str] = []
    rest = iter(words)
    for word in rest:
        value = next(rest, None) if word in VALUED else None
        joined.append(word if value is None else f"{word}={value}")
    return joined


def second_words(
    words: Sequence[str], *, paths: Sequence[str], folder: Path
) -> list[str] | None:
    """Return the command line of the second start; None: it is another project's.

    Args:
        words: the command line, each value joined to its option.
        paths: the test paths among them.
        folder: where pytest was started.
    """
    if any(map(_is_in_checkout, [folder, *(_path(folder, one) for one in paths)])):
        return [*words]
    if not _names_zoo(words):
        return None
    if paths:  # a project's own tests: it keeps its settings
        return ["-p", PLUGIN, *words]
    from harness.registry.location import ROW_CASES, find_home

    cases = find_home(folder) / ROW_CASES
    return [
        # The folder's own settings and conftest, if it has any, are another project's.
        *("-c", str(cases / CONFIGURATION), f"--rootdir={folder}", "--noconftest"),
        *("-p", PLUGIN, *words, str(cases)),
    ]


@hookimpl(wrapper=True, tryfirst=True)  # type: ignore[untyped-decorator, unused-ignore]
def pytest_load_initial_conftests(
    early_config: Any, parser: Any, args: list[str]
) -> Generator[None, Any, Any]:
    """Replace this start by a second one where it is needed, before any capture."""
    params = early_config.invocation_params
    command_line = [str(word) for word in params.args]
    words = join_values(command_line)
    if words != command_line or _names_zoo(words):
        again: list[str] | None = words
        if not early_config.pluginmanager.hasplugin(PLUGIN):
            paths = parser.parse_known_args(words).file_or_dir
            again = second_words(words, paths=paths, folder=params.dir)
        if again is not None and again != command_line:
            known = early_config.known_args_namespace
            known.noconftest, known.capture = True, "no"
            args.clear()
            second = _SecondStart(words=again, plugins=params.plugins)
            early_config.pluginmanager.register(second)
    return (yield)


@dataclass(frozen=True, eq=False, kw_only=True)
class _SecondStart:
    """Runs pytest with another command line in place of this start."""

    words: list[str]
    plugins: Sequence[object] | None

    @hookimpl(tryfirst=True)  # type: ignore[untyped-decorator, unused-ignore]
    def pytest_cmdline_main(self) -> int:
        """Return how the second start ended."""
        import pytest

        return int(pytest.main(self.words, plugins=self.plugins))


@hookimpl(trylast=True)  # type: ignore[untyped-decorator, unused-ignore]
def pytest_terminal_summary(
    terminalreporter: Any, exitstatus: int, config: Any
) -> None:
    """Tell how to name a zoo, where rows seem to be meant and no test was collected."""
    import pytest

    expression = str(config.getoption("markexpr", "") or "")
    if (
        exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED
        and not config.pluginmanager.hasplugin(PLUGIN)
        and not terminalreporter.stats.get("deselected")  # a project with tests
        and _names_marker(expression)
    ):
        terminalreporter.write_line(
            "no zoo was named: add `--zoo NAME|PATH`, "
            f'as in `pytest --zoo january-2020 -m "{expression}"`'
        )


def _names_zoo(words: Sequence[str]) -> bool:
    return any(word.startswith("--zoo=") for word in words)


def _names_marker(expression: str) -> bool:
    from harness.values.expressions import read_expression
    from harness.values.rows import MARKERS

    read = read_expression(expression)
    return read is not None and not read.names.isdisjoint(MARKERS)


def _path(folder: Path, named: str) -> Path:
    return folder / named.partition("::")[0]


def _is_in_checkout(path: Path) -> bool:
    return any(
        PLUGIN in (one / "conftest.py").read_text("utf-8", errors="replace")
        for one in (path, *path.parents)
        if (one / "conftest.py").is_file()
    )
