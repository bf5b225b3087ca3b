"""The pytest plugin: options, markers, collection, verdict to outcome (design 3).

Every row of the chosen zoo is one case of ``cases/zoo/test_published_ap.py``, under its
own id and markers. A bare ``pytest`` asks for none of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import pytest_structure as structure
from harness.errors import HarnessError
from harness.evaluate.coco_engine_names import ENGINE_NAMES, chosen_engine
from harness.model.precision import FLOAT32, PRECISIONS
from harness.pipeline.known_datasets import known_datasets
from harness.pipeline.settings import Settings
from harness.pytest_device import demand_device, kept_apart
from harness.pytest_folders import is_named, meant_folders
from harness.pytest_lines import line_writer
from harness.record_json import record_from_json, record_to_json
from harness.records import INCOMPLETE, PASSING, Record, StructureRecord
from harness.registry.location import find_home
from harness.registry.zoo import open_zoo
from harness.rows import MARKERS, Claim, Row, Zoo

DEFAULT_ZOO = "january-2020"
#: What an environment twin of a switch may say for "no".
OFF = ("none", "0", "no", "false")
#: The command line named no path.
UNNAMED = (
    pytest.Config.ArgsSource.TESTPATHS,
    pytest.Config.ArgsSource.INVOCATION_DIR,
)
ZOO_KEY = pytest.StashKey[Zoo]()
UNASKED_KEY = pytest.StashKey[int]()
RECORD_PROPERTY = "zoo_record"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of design 3; each has an environment twin where it names one."""
    add = parser.getgroup("zoo", "reproducibility of a model zoo").addoption
    add("--zoo", metavar="NAME|PATH", help=f"zoo to check (default {DEFAULT_ZOO})")
    add("--gpu", action="store_true", help="compute on the GPU, or refuse to start")
    add("--data-root", metavar="DIR", help="datasets (ZOO_DATA_ROOT)")
    add("--zoo-cache", metavar="DIR", help="archives, detections (ZOO_CACHE)")
    add("--records", metavar="DIR", help="where records go (ZOO_RECORDS)")
    add("--mirror", metavar="URL|DIR", help="asked for archives first (ZOO_MIRROR)")
    add("--offline", action="store_true", help="ask no host (ZOO_OFFLINE)")
    add("--require-measured", action="store_true", help="fail what was not measured")
    add("--retrain", choices=("missing", "always"), help="train rows again")
    add("--limit", type=int, metavar="N", help="only the first N images: partial")
    add("--fresh", action="store_true", help="detect again what is stored")
    add("--coco-engine", choices=ENGINE_NAMES, help="what scores COCO rows")
    add("--precision", choices=PRECISIONS, default=FLOAT32, help="not judged if other")


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
    if config.getoption("zoo"):
        _zoo(config)  # met in the middle of collection, a refusal is not a usage error
    demand_device(gpu=config.getoption("gpu"), precision=config.getoption("precision"))
    if config.args_source in UNNAMED:
        asked = meant_folders(config.getoption("markexpr"), config.getoption("zoo"))
        folders = (config.rootpath / "cases" / name for name in asked)
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


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """End with the table of the measured rows, or with how to ask for them."""
    unasked = config.stash.get(UNASKED_KEY, 0)
    if unasked:
        terminalreporter.write_line(
            f"{unasked} rows of the zoo were not asked for: "
            "`pytest -m coco`, `pytest -m 'voc and prune'`, `pytest --zoo demo`"
        )
    records = _records_of(terminalreporter)
    if records:
        from harness.report.summary import summarise, summary_text

        terminalreporter.section("zoo")
        summary = summarise(_zoo(config), records, list(records))
        terminalreporter.write_line(summary_text(summary))
    reports = (one for some in terminalreporter.stats.values() for one in some)
    computed = structure.records_of(reports)
    if computed:
        terminalreporter.section("structure")
        terminalreporter.write_line(structure.table_of(_zoo(config), computed))


@pytest.fixture(scope="session")
def zoo_figures(pytestconfig: pytest.Config) -> Callable[[Claim], StructureRecord]:
    """Compute the figures of rows of the chosen zoo; each row once."""
    zoo = _zoo(pytestconfig)
    return structure.computing(zoo, settings_of(pytestconfig, zoo).records)


@pytest.fixture
def zoo_figure_verdict(
    zoo_figures: Callable[[Claim], StructureRecord],
    record_property: Callable[[str, object], None],
) -> Callable[[Claim], None]:
    """Compute a figure and end the case as its verdict says."""

    def judge(claim: Claim) -> None:
        record = zoo_figures(claim)
        record_property(structure.PROPERTY, structure.told(claim, record))
        structure.end_figure(claim, record)

    return judge


@pytest.fixture(scope="session")
def zoo_measurer(request: pytest.FixtureRequest) -> Iterator[Callable[[Row], Record]]:
    """Measure rows of the chosen zoo; all of one dataset in one pass."""
    from harness.pipeline.embedded import serving, with_scenes
    from harness.pipeline.measure import Measurer
    from harness.pipeline.progress_lines import ProgressLines

    config = request.config
    zoo = _zoo(config)
    lines = ProgressLines(line_writer(config))
    rows = [row for item in request.session.items if (row := _row_of(item))]
    # Workers of pytest-xdist share the rows out: each measures its own alone.
    selected = [] if hasattr(config, "workerinput") else rows
    settings = with_scenes(
        zoo,
        kept_apart(settings_of(config, zoo)),
        {row.dataset for row in rows},
        drawing=lines.drawing,
    )
    with serving(zoo, settings) as settings:
        measurer = Measurer(
            zoo=zoo, selected=selected, settings=settings, watcher=lines.watcher()
        )
        yield measurer.measure


@pytest.fixture
def zoo_verdict(
    request: pytest.FixtureRequest,
    zoo_measurer: Callable[[Row], Record],
    record_property: Callable[[str, object], None],
) -> Callable[[Row], Record]:
    """Measure a row and end the case as its verdict says."""
    required = request.config.getoption("require_measured")

    def judge(row: Row) -> Record:
        record = zoo_measurer(row)
        record_property(RECORD_PROPERTY, record_to_json(record))
        end_case(record, require_measured=required)
        return record

    return judge


def end_case(record: Record, *, require_measured: bool) -> None:
    """Pass, fail or skip, as design 3 maps verdicts to outcomes."""
    if record.verdict in PASSING:
        return
    told = f"{record.verdict}: {record.reason}".removesuffix(": ")
    if record.verdict in INCOMPLETE and not require_measured:
        pytest.skip(told)
    pytest.fail(told, pytrace=False)


def settings_of(config: pytest.Config, zoo: Zoo) -> Settings:
    """Return the settings of a run: option, else environment twin, else default."""
    place = config.rootpath / ".zoo"

    def said(option: str, twin: str) -> str | None:
        return str(config.getoption(option) or os.environ.get(twin) or "") or None

    data_root = said("data_root", "ZOO_DATA_ROOT")
    records = said("records", "ZOO_RECORDS") or place / "records"
    return Settings(
        cache=_absolute(said("zoo_cache", "ZOO_CACHE") or place / "cache"),
        records=_absolute(records) / zoo.name,
        data_root=_absolute(data_root) if data_root else None,
        mirror=said("mirror", "ZOO_MIRROR"),
        offline=str(said("offline", "ZOO_OFFLINE")).lower() not in OFF,
        gpu=config.getoption("gpu"),
        limit=config.getoption("limit"),
        fresh=config.getoption("fresh"),
        precision=config.getoption("precision"),
        coco_engine=chosen_engine(config.getoption("coco_engine")),
        known_datasets=known_datasets(zoo, find_home()),
    )


def _zoo(config: pytest.Config) -> Zoo:
    if ZOO_KEY not in config.stash:
        try:
            config.stash[ZOO_KEY] = open_zoo(config.getoption("zoo") or DEFAULT_ZOO)
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


def _records_of(terminalreporter: pytest.TerminalReporter) -> dict[str, Record]:
    records = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            told = dict(getattr(report, "user_properties", ())).get(RECORD_PROPERTY)
            if told is not None:
                record = record_from_json(str(told))
                records[record.row_id] = record
    return records


def _absolute(path: str | Path) -> Path:
    return Path(path).expanduser().absolute()
