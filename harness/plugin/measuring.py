"""Measures the rows of a session: what ``zoo_running`` and ``zoo_measurer`` give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import pytest

from harness.errors import HarnessError
from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.watcher import Watcher
from harness.plugin.cases import retrained_rows_of, rows_of
from harness.plugin.chosen_zoo import zoo_of
from harness.plugin.options import kept_apart, settings_of, trains_always
from harness.plugin.stopped import KEY, UnderWay
from harness.printable import printable
from harness.process.stop_signal import stopping
from harness.values.records import Record
from harness.values.rows import Row, Zoo


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What the rows of a session are measured with."""

    zoo: Zoo
    settings: Settings  # with data and archives that the zoo brings along
    watcher: Watcher
    under_way: UnderWay


@contextmanager
def running(session: pytest.Session) -> Iterator[Running]:
    """Give what rows are measured with, data and archives of an embedded zoo included.

    A signal ends the block; what was under way is told by the summary.
    """
    from harness.pipeline.measure.embedded import serving, with_scenes
    from harness.pipeline.measure.progress_lines import ProgressLines

    config, zoo = session.config, zoo_of(session.config)
    lines = ProgressLines(line_writer(config))
    settings = kept_apart(settings_of(config, zoo))
    under_way = UnderWay(
        row_ids=tuple(row.row_id for row in measured_rows(session)),
        fresh=settings.fresh,
    )
    config.stash[KEY] = under_way
    rows = (*rows_of(session.items), *retrained_rows_of(session.items))
    datasets = {row.dataset for row in rows}
    with stopping(), ExitStack() as opened:
        try:
            ready = with_scenes(zoo, settings, datasets, drawing=lines.drawing)
        except HarnessError as error:
            pytest.fail(str(error), pytrace=False)
        yield Running(
            zoo=zoo,
            settings=opened.enter_context(serving(zoo, ready)),
            watcher=replace(lines.watcher(), stopped=under_way.stop),
            under_way=under_way,
        )


def measuring(session: pytest.Session, run: Running) -> Callable[[Row], Record]:
    """Return what measures a row; all rows of one dataset are measured in one pass."""
    from harness.pipeline.measure.measure import Measurer

    # Workers of pytest-xdist share the rows out: each measures its own alone.
    selected = [] if is_worker(session.config) else measured_rows(session)
    measurer = Measurer(
        zoo=run.zoo, selected=selected, settings=run.settings, watcher=run.watcher
    )

    def measure(row: Row) -> Record:
        record = measurer.measure(row)
        run.under_way.measured.add(row.row_id)
        return record

    return measure


def measured_rows(session: pytest.Session) -> list[Row]:
    """Return the rows that are measured from their published archives, in order.

    A second case asks for that too, unless its network is trained in any case.
    """
    rows = rows_of(session.items)
    if not trains_always(session.config):
        rows += [one for one in retrained_rows_of(session.items) if one not in rows]
    return rows


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is a worker of pytest-xdist: it has no terminal."""
    return hasattr(config, "workerinput")


def line_writer(config: pytest.Config) -> Callable[[str], None]:
    """Return what writes a line on the terminal, past the capture of a running test."""
    capture = config.pluginmanager.getplugin("capturemanager")
    reporter = config.pluginmanager.getplugin("terminalreporter")

    def write(line: str) -> None:
        if reporter is None:  # a worker of pytest-xdist
            return
        with capture.global_and_fixture_disabled():
            reporter.ensure_newline()
            reporter.write_line(printable(line))

    return write
