"""Makes the rows of a zoo cases of pytest, and chooses those that are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from harness.plugin import structure
from harness.plugin.chosen_zoo import zoo_of
from harness.plugin.folders import BENCH, ROWS, is_named, meant_folders
from harness.registry.location import CASES_FOLDER
from harness.values.options import RETRAIN
from harness.values.rows import Row, Zoo

PARAMETER = "zoo_row"
#: The second case of a row, there with ``--retrain`` alone: its network trained again.
RETRAINED_CASE = "test_retrained_ap"
RETRAINED_PARAMETER = "retrained_row"
#: How many rows were collected and set aside, since nothing asked for them.
UNASKED_KEY = pytest.StashKey[int]()
#: The command line named no path.
_UNNAMED = (
    pytest.Config.ArgsSource.TESTPATHS,
    pytest.Config.ArgsSource.INVOCATION_DIR,
)


def row_cases(zoo: Zoo) -> Iterator[object]:
    """Yield one parameter set per row, with the row's id and markers."""
    for row in zoo.rows:
        marks = [getattr(pytest.mark, one) for one in sorted(row.markers)]
        yield pytest.param(row, id=row.row_id, marks=marks)


def retrained_cases(zoo: Zoo) -> Iterator[object]:
    """Yield one parameter set for the second case of each row."""
    for row in zoo.rows:
        marks = [getattr(pytest.mark, one) for one in sorted(row.retrained_markers)]
        yield pytest.param(row, id=row.retrained_id, marks=marks)


def row_of(item: pytest.Item, parameter: str = PARAMETER) -> Row | None:
    """Return the row of a case; None for the case of something else."""
    callspec = getattr(item, "callspec", None)
    row = callspec.params.get(parameter) if callspec is not None else None
    return row if isinstance(row, Row) else None


def rows_of(items: Sequence[pytest.Item], parameter: str = PARAMETER) -> list[Row]:
    """Return the rows among cases, in order."""
    return [row for item in items if (row := row_of(item, parameter)) is not None]


def retrained_rows_of(items: Sequence[pytest.Item]) -> list[Row]:
    """Return the rows whose second cases are among the cases, in order."""
    return rows_of(items, RETRAINED_PARAMETER)


def choose_folders(config: pytest.Config) -> None:
    """Collect only the folders of cases that are meant, where no path is named."""
    if config.args_source not in _UNNAMED:
        return
    meant = meant_folders(
        config.getoption("markexpr"),
        config.getoption("zoo"),
        keyword=config.getoption("keyword"),
        rows=lambda: zoo_of(config).rows,
        retrained=bool(config.getoption(RETRAIN.field)),
    )
    folders = (config.rootpath / CASES_FOLDER / name for name in meant)
    config.args[:] = [str(one) for one in folders if one.is_dir()] or config.args


def set_unasked_aside(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take rows, figures and benchmarks out of ``items`` that nothing asked for."""
    rows = [item for item in items if row_of(item) is not None]
    figures = [item for item in items if structure.is_figure(item)]
    second = [item for item in items if row_of(item, RETRAINED_PARAMETER) is not None]
    if (rows or second or figures) and not _asks_for_rows(config):
        config.stash[UNASKED_KEY] = len(rows)
        _set_aside(config, items, rows + second + figures)
    benchmarks = [item for item in items if item.get_closest_marker("speed")]
    if benchmarks and not (config.getoption("markexpr") or is_named(config, BENCH)):
        _set_aside(config, items, benchmarks)


def _asks_for_rows(config: pytest.Config) -> bool:
    asks = any(config.getoption(one) for one in ("zoo", "markexpr", "keyword"))
    return asks or is_named(config, ROWS)


def _set_aside(
    config: pytest.Config, items: list[pytest.Item], some: list[pytest.Item]
) -> None:
    config.hook.pytest_deselected(items=some)
    items[:] = [item for item in items if item not in some]
