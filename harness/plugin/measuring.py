"""Measures the rows of a session: what its fixture ``zoo_measurer`` hands out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest

from harness.errors import HarnessError
from harness.plugin.cases import rows_of
from harness.plugin.chosen_zoo import zoo_of
from harness.plugin.options import kept_apart, settings_of
from harness.plugin.stopped import KEY, UnderWay
from harness.printable import printable
from harness.process.stop_signal import stopping
from harness.values.records import Record
from harness.values.rows import Row


@contextmanager
def measuring(session: pytest.Session) -> Iterator[Callable[[Row], Record]]:
    """Give what measures a row; all rows of one dataset are measured in one pass.

    A signal ends the block; what was under way is told by the summary.
    """
    from harness.pipeline.measure.embedded import serving, with_scenes
    from harness.pipeline.measure.measure import Measurer
    from harness.pipeline.measure.progress_lines import ProgressLines

    config, zoo = session.config, zoo_of(session.config)
    lines = ProgressLines(line_writer(config))
    rows = rows_of(session.items)
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
        # Workers of pytest-xdist share the rows out: each measures its own alone.
        selected = [] if is_worker(config) else rows
        measurer = Measurer(zoo=zoo, selected=selected, settings=ready, watcher=watcher)
        yield measurer.measure


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
