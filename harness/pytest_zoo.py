"""The pytest plugin: options, markers, collection, verdict to outcome (design 3).

Every row of the chosen zoo is one case of ``cases/zoo/test_published_ap.py``, under its
own id and markers. A bare ``pytest`` asks for none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from harness.errors import HarnessError
from harness.plugin import structure
from harness.plugin.device import demand_device, demand_folders, kept_apart
from harness.plugin.folders import is_named, meant_folders
from harness.plugin.lines import line_writer
from harness.plugin.options import add_options, program_limits_of, settings_of
from harness.plugin.pixels import limit_pixels
from harness.plugin.records import end_case, hand_over, keep_record, records_of
from harness.plugin.stopped import KEY, UnderWay
from harness.printable import counted
from harness.process.stop_signal import stopping
from harness.registry.location import CASES_FOLDER
from harness.registry.zoo import open_zoo
from harness.values.options import ZOO
from harness.values.records import Record, StructureRecord
from harness.values.rows import MARKERS, Claim, Row, Zoo

#: The command line named no path.
UNNAMED = (
    pytest.Config.ArgsSource.TESTPATHS,
    pytest.Config.ArgsSource.INVOCATION_DIR,
)
ZOO_KEY = pytest.StashKey[Zoo]()
UNASKED_KEY = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of design 3; each has an environment twin where it names one."""
    add_options(parser.getgroup("zoo", "reproducibility of a model zoo").addoption)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers and refuse at once what cannot be asked."""
    for name, meaning in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")
    limit = config.getoption("limit")
    if limit is not None and limit < 1:
        raise pytest.UsageError(f"--limit: expected 1 image or more, got {limit}")
    if config.getoption("retrain"):
        raise pytest.UsageError(
            "--retrain: this version measures published archives only; "
            "retraining is not built yet"
        )
    program_limits_of(config)
    limit_pixels(config)
    if config.getoption("zoo"):
        _zoo(config)  # met in the middle of collection, a refusal is not a usage error
    demand_device(gpu=config.getoption("gpu"), precision=config.getoption("precision"))
    if config.args_source in UNNAMED:
        asked = meant_folders(
            config.getoption("markexpr"),
            config.getoption("zoo"),
            keyword=config.getoption("keyword"),
            rows=lambda: _zoo(config).rows,
        )
        folders = (config.rootpath / CASES_FOLDER / name for name in asked)
        config.args[:] = [str(one) for one in folders if one.is_dir()] or config.args


def pytest_pycollect_makeitem(
    collector: pytest.Collector, name: str
) -> list[pytest.Item] | None:
    """Make no case at all of the figures of a zoo that prints none."""
    is_asked = name == structure.CASE and not structure.prints_any(
        _zoo(collector.config)
    )
    return [] if is_asked else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one case of every row, with the row's id and markers."""
    if "zoo_row" in metafunc.fixturenames:
        metafunc.parametrize(
            "zoo_row",
            [
                pytest.param(
                    row,
                    id=row.row_id,
                    marks=[getattr(pytest.mark, one) for one in sorted(row.markers)],
                )
                for row in _zoo(metafunc.config).rows
            ],
        )
    if structure.PARAMETER in metafunc.fixturenames:
        cases = list(structure.figure_cases(_zoo(metafunc.config)))
        metafunc.parametrize(structure.PARAMETER, cases)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Set rows and benchmarks aside unless something asked for them."""
    rows = [item for item in items if _row_of(item) is not None]
    figures = [item for item in items if structure.is_figure(item)]
    if (rows or figures) and not _asks_for_rows(config):
        config.stash[UNASKED_KEY] = len(rows)
        _set_aside(config, items, rows + figures)
    speed = [item for item in items if item.get_closest_marker("speed")]
    asked = config.getoption("markexpr") or is_named(config, "bench")
    if speed and not asked:
        _set_aside(config, items, speed)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse at once a cache or a records folder that rows cannot be written to."""
    config = session.config
    rows = [row for item in session.items if (row := _row_of(item))]
    # A worker of pytest-xdist has no terminal to refuse on: it is told row by row.
    if rows and not (config.option.collectonly or hasattr(config, "workerinput")):
        demand_folders(kept_apart(settings_of(config, _zoo(config))))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a report carry the record of its case, from whichever process."""
    report = yield
    hand_over(item, report)
    structure.hand_over(item, report)
    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
    exitstatus: pytest.ExitCode,
    config: pytest.Config,
) -> None:
    """End with the table of the measured rows, or with how to ask for them."""
    unasked = config.stash.get(UNASKED_KEY, 0)
    if unasked:
        terminalreporter.write_line(
            f"{counted(unasked, 'row')} of the zoo {'was' if unasked == 1 else 'were'} "
            "not asked for: "
            "`pytest -m coco`, `pytest -m 'voc and prune'`, `pytest --zoo demo`"
        )
    reports = [one for some in terminalreporter.stats.values() for one in some]
    records = records_of(reports)
    if records:
        from harness.report.summary import summarise, summary_text

        terminalreporter.section("zoo")
        summary = summarise(_zoo(config), records, list(records))
        terminalreporter.write_line(summary_text(summary))
    computed = structure.records_of(reports)
    if computed:
        terminalreporter.section("structure")
        terminalreporter.write_line(structure.table_of(_zoo(config), computed))
    if KEY in config.stash and exitstatus == pytest.ExitCode.INTERRUPTED:
        terminalreporter.section("stopped")
        terminalreporter.write_line(config.stash[KEY].text(records))


@pytest.fixture(scope="session")
def zoo_figures(pytestconfig: pytest.Config) -> Callable[[Claim], StructureRecord]:
    """Compute the figures of rows of the chosen zoo; each row once."""
    zoo = _zoo(pytestconfig)
    return structure.computing(zoo, settings_of(pytestconfig, zoo).records)


@pytest.fixture
def zoo_figure_verdict(
    request: pytest.FixtureRequest,
    zoo_figures: Callable[[Claim], StructureRecord],
) -> Callable[[Claim], None]:
    """Compute a figure and end the case as its verdict says."""

    def judge(claim: Claim) -> None:
        record = zoo_figures(claim)
        structure.keep_figure(request.node, claim, record)
        structure.end_figure(claim, record)

    return judge


@pytest.fixture(scope="session")
def zoo_measurer(request: pytest.FixtureRequest) -> Iterator[Callable[[Row], Record]]:
    """Measure rows of the chosen zoo; all of one dataset in one pass."""
    from harness.pipeline.measure.embedded import serving, with_scenes
    from harness.pipeline.measure.measure import Measurer
    from harness.pipeline.measure.progress_lines import ProgressLines

    config = request.config
    zoo = _zoo(config)
    lines = ProgressLines(line_writer(config))
    rows = [row for item in request.session.items if (row := _row_of(item))]
    # Workers of pytest-xdist share the rows out: each measures its own alone.
    selected = [] if hasattr(config, "workerinput") else rows
    settings = kept_apart(settings_of(config, zoo))
    under_way = UnderWay(
        row_ids=tuple(row.row_id for row in rows), fresh=settings.fresh
    )
    config.stash[KEY] = under_way
    watcher = replace(lines.watcher(), stopped=under_way.stop)
    datasets = {row.dataset for row in rows}
    with stopping(), ExitStack() as opened:
        try:
            ready = with_scenes(zoo, settings, datasets, drawing=lines.drawing)
        except HarnessError as error:
            pytest.fail(str(error), pytrace=False)
        ready = opened.enter_context(serving(zoo, ready))
        measurer = Measurer(zoo=zoo, selected=selected, settings=ready, watcher=watcher)
        yield measurer.measure


@pytest.fixture
def zoo_verdict(
    request: pytest.FixtureRequest,
    zoo_measurer: Callable[[Row], Record],
) -> Callable[[Row], Record]:
    """Measure a row and end the case as its verdict says."""
    required = request.config.getoption("require_measured")

    def judge(row: Row) -> Record:
        record = zoo_measurer(row)
        keep_record(request.node, record)
        end_case(record, require_measured=required)
        return record

    return judge


def _zoo(config: pytest.Config) -> Zoo:
    if ZOO_KEY not in config.stash:
        try:
            config.stash[ZOO_KEY] = open_zoo(config.getoption("zoo") or ZOO.default)
        except HarnessError as error:
            raise pytest.UsageError(str(error)) from error
    return config.stash[ZOO_KEY]


def _row_of(item: pytest.Item) -> Row | None:
    callspec = getattr(item, "callspec", None)
    row = callspec.params.get("zoo_row") if callspec is not None else None
    return row if isinstance(row, Row) else None


def _asks_for_rows(config: pytest.Config) -> bool:
    return bool(
        config.getoption("zoo")
        or config.getoption("markexpr")
        or config.getoption("keyword")
        or is_named(config, "zoo")
    )


def _set_aside(
    config: pytest.Config, items: list[pytest.Item], some: list[pytest.Item]
) -> None:
    config.hook.pytest_deselected(items=some)
    items[:] = [item for item in items if item not in some]
