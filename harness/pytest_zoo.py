"""The plugin of pytest: every row of a zoo is a case, and its verdict the outcome.

A row is a case of ``cases/zoo/test_published_ap.py`` under its own id, as
``yolov3-mobilenet_v1-coco-prune_r578-608``, and its markers. A bare ``pytest`` asks for
none of them::

    pytest -m coco --data-root DATA              the COCO rows of january-2020
    pytest -m "coco and prune" --data-root DATA  some of them
    pytest -k "mobilenet_v1 and 608"             by words of their ids
    pytest --zoo demo                            the embedded zoo: needs no data

This file holds hooks and fixtures only, and their docstrings are the manual.
``harness/plugin/`` does what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

import pytest

from harness.plugin import structure
from harness.plugin.cases import (
    PARAMETER,
    RETRAINED_CASE,
    RETRAINED_PARAMETER,
    choose_folders,
    retrained_cases,
    retrained_rows_of,
    row_cases,
    rows_of,
    set_unasked_aside,
)
from harness.plugin.chosen_zoo import zoo_of
from harness.plugin.demands import (
    demand_computing,
    demand_folders,
    demand_options,
    demand_recipes,
    demand_retraining,
)
from harness.plugin.measuring import Running, is_worker, measuring, running
from harness.plugin.options import add_options, kept_apart, settings_of
from harness.plugin.records import RETRAINED, end_case, hand_over, keep_record
from harness.plugin.retraining import NOT_NEEDED, is_trained_instead, retraining
from harness.plugin.summary import write_summary
from harness.values.records import Record, StructureRecord
from harness.values.rows import MARKERS, Claim, Row


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the zoo.

    What an option leaves open is decided by its twin in the environment, named in
    parentheses, and then by the default.

    Which rows:

    - ``--zoo NAME|PATH``: the zoo, by its name or by the path of anybody's own folder;
      ``january-2020`` when not given. With it alone, all rows of that zoo run.
    - ``--limit N``: only the first N images of a dataset. The verdict is ``partial``.
    - ``--require-measured``: rows that could not be measured fail. Otherwise they are
      skipped, with the reason; so they are with it where nobody serves their archive
      and their second case was measured.
    - ``--retrain missing|always``: each row has a second case, ``<row id>-retrained``,
      with the marker ``retrained`` in place of ``published``: its archive is trained by
      its recipe, and measured. ``missing`` trains where the published archive was not
      measured; elsewhere the second case is skipped as ``not needed``.
    - ``--max-hours H`` (``ZOO_MAX_HOURS``): a training that would take longer on this
      machine is refused; 24 when not given.
    - ``--batch N``: images of a training's step; its schedule is scaled to them.

    Where things are:

    - ``--data-root DIR`` (``ZOO_DATA_ROOT``): the published datasets.
    - ``--zoo-cache DIR`` (``ZOO_CACHE``): archives, unpacked folders and detections;
      ``.zoo/cache`` below the root folder of pytest when not given.
    - ``--records DIR`` (``ZOO_RECORDS``): where records go, in a folder for each zoo;
      ``.zoo/records`` when not given. Nothing else in the tree is written.
    - ``--mirror URL|DIR`` (``ZOO_MIRROR``): asked for archives before the printed
      address: ``<mirror>/PaddleSlim/prune/x.tar``.
    - ``--offline`` (``ZOO_OFFLINE``): no host is asked; cache and folders only.

    What computes:

    - ``--gpu``: the GPU computes, or the session does not start.
    - ``--runtime paddle|torch`` (``ZOO_RUNTIME``): the framework that networks run on;
      ``paddle`` when not given. ``torch`` computes in float32, and trains nothing.
    - ``--precision float32|bf16|int8``: what the processor computes in. Other than
      ``float32`` is recorded apart, and never judged.
    - ``--coco-engine NAME``: what scores COCO: ``ultrafast-pycocotools`` when not
      given, or ``pycocotools``, the judge. Both give the same bits.
    - ``--fresh``: images are detected again, whatever is stored already.

    Limits, for files that nobody vouches for:

    - ``--max-image-pixels N`` (``ZOO_MAX_IMAGE_PIXELS``): an image of more pixels is a
      fault of the dataset; 100 million when not given.
    - ``--program-memory GB`` (``ZOO_PROGRAM_MEMORY``): memory that the program of an
      archive may take; what its size needs, at least 4, when not given.
    - ``--program-seconds S`` (``ZOO_PROGRAM_SECONDS``): seconds that its opening and
      each of its first batches may take; 600 when not given.

    When it breaks:

    - ``--zoo-debug`` (``ZOO_DEBUG``): an unexpected error goes through with its
      traceback. Otherwise it ends its row as ``errored``.
    - ``--log-cli-level=INFO``, of pytest itself, shows what was decided and why.
    """
    add_options(parser.getgroup("zoo", "reproducibility of a model zoo").addoption)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and refuse at once what no session can do.

    A refusal here is one line and exit code 4: a value out of range, a zoo that is not
    there or malformed, a GPU or a precision that nothing here computes in.
    """
    for name, meaning in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")
    demand_options(config)
    if config.getoption("zoo"):
        # Met in the middle of collection, a refusal would not be a usage error.
        zoo_of(config)
    demand_retraining(
        config.getoption("markexpr"),
        lambda: zoo_of(config).rows,
        retrained=bool(config.getoption("retrain")),
    )
    demand_computing(config)
    choose_folders(config)


def pytest_pycollect_makeitem(
    collector: pytest.Collector, name: str
) -> list[pytest.Item] | None:
    """Make no case of figures that the zoo does not print, nor of trainings unasked."""
    config = collector.config
    if name == structure.CASE and not structure.prints_any(zoo_of(config)):
        return []
    if name == RETRAINED_CASE and not config.getoption("retrain"):
        return []
    return None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one case of every row, or two, and one of every figure of its network."""
    if PARAMETER in metafunc.fixturenames:
        metafunc.parametrize(PARAMETER, list(row_cases(zoo_of(metafunc.config))))
    if RETRAINED_PARAMETER in metafunc.fixturenames:
        cases = list(retrained_cases(zoo_of(metafunc.config)))
        metafunc.parametrize(RETRAINED_PARAMETER, cases)
    if structure.PARAMETER in metafunc.fixturenames:
        cases = list(structure.figure_cases(zoo_of(metafunc.config)))
        metafunc.parametrize(structure.PARAMETER, cases)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Set aside what nothing asked for.

    ``--zoo``, ``-m``, ``-k`` and a path into ``cases/zoo`` ask for rows; ``-m`` and a
    path into ``cases/bench`` ask for benchmarks.
    """
    set_unasked_aside(config, items)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse at once folders that rows cannot be written to, and unknown trainings.

    A network that is to be pruned needs PaddleSlim.
    """
    config, retrained = session.config, retrained_rows_of(session.items)
    if config.option.collectonly or is_worker(config):  # a worker is told row by row
        return
    if retrained:
        demand_recipes(config, retrained)
    if retrained or rows_of(session.items):
        demand_folders(kept_apart(settings_of(config, zoo_of(config))))


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
    """End with the table of the measured rows, or with how to ask for them.

    A session that a signal stopped tells how many images are kept, and how to go on.
    """
    interrupted = exitstatus == pytest.ExitCode.INTERRUPTED
    write_summary(terminalreporter, interrupted=interrupted, config=config)


@pytest.fixture(scope="session")
def zoo_figures(pytestconfig: pytest.Config) -> Callable[[Claim], StructureRecord]:
    """Compute the figures of rows of the chosen zoo; each row once."""
    zoo = zoo_of(pytestconfig)
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
def zoo_running(request: pytest.FixtureRequest) -> Iterator[Running]:
    """Give what rows of the chosen zoo are measured with."""
    with running(request.session) as what:
        yield what


@pytest.fixture(scope="session")
def zoo_measurer(
    request: pytest.FixtureRequest, zoo_running: Running
) -> Callable[[Row], Record]:
    """Measure rows of the chosen zoo; all of one dataset in one pass."""
    return measuring(request.session, zoo_running)


@pytest.fixture(scope="session")
def zoo_retrainer(
    request: pytest.FixtureRequest,
    zoo_running: Running,
    zoo_measurer: Callable[[Row], Record],
) -> Callable[[Row], Record | None]:
    """Train rows of the chosen zoo again, and measure them; None: it is not needed."""
    return retraining(request.session, zoo_running, zoo_measurer)


@pytest.fixture
def zoo_verdict(
    request: pytest.FixtureRequest,
    zoo_measurer: Callable[[Row], Record],
) -> Callable[[Row], Record]:
    """Measure a row, and pass, fail or skip the case as its verdict says.

    ``reproduced`` and ``reproduced_with_erratum`` pass, and so does what is never
    judged. What could not be measured skips: ``unavailable``, ``no_dataset``,
    ``no_device`` and ``partial``. Every other verdict fails. With
    ``--require-measured`` those fail too, but for ``unavailable`` where the row's
    second case was measured.
    """
    required = request.config.getoption("require_measured")

    def judge(row: Row) -> Record:
        record = zoo_measurer(row)
        keep_record(request.node, record)
        fails = required and not is_trained_instead(request, record)
        end_case(record, require_measured=fails)
        return record

    return judge


@pytest.fixture
def zoo_retrained_verdict(
    request: pytest.FixtureRequest,
    zoo_retrainer: Callable[[Row], Record | None],
) -> Callable[[Row], None]:
    """Train a row again, and end the case as the verdict of the new archive says.

    Under ``missing``, a row whose published archive was measured skips as ``not
    needed``, with ``--require-measured`` too.
    """
    required = request.config.getoption("require_measured")

    def judge(row: Row) -> None:
        record = zoo_retrainer(row)
        if record is None:
            pytest.skip(NOT_NEEDED)
        keep_record(request.node, record, RETRAINED)
        end_case(record, require_measured=required)

    return judge
