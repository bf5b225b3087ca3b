"""Writes the end of a session: tables, what was not asked for, what was stopped."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from harness.compare.retrained import retrained_zoo
from harness.plugin import structure
from harness.plugin.cases import UNASKED_KEY
from harness.plugin.chosen_zoo import zoo_of
from harness.plugin.records import RETRAINED, records_of
from harness.plugin.stopped import KEY
from harness.printable import counted
from harness.values.records import Record
from harness.values.rows import Zoo


def write_summary(
    terminal: pytest.TerminalReporter, *, interrupted: bool, config: pytest.Config
) -> None:
    """Write what the records of the session's reports say.

    Args:
        terminal: has the reports.
        interrupted: whether a signal ended the session.
        config: of the session.
    """
    unasked = config.stash.get(UNASKED_KEY, 0)
    if unasked:
        terminal.write_line(
            f"{counted(unasked, 'row')} of the zoo {'was' if unasked == 1 else 'were'} "
            "not asked for: "
            "`pytest -m coco`, `pytest -m 'voc and prune'`, `pytest --zoo demo`"
        )
    reports = [one for some in terminal.stats.values() for one in some]
    records = records_of(reports)
    if records:
        terminal.section("zoo")
        terminal.write_line(_table(zoo_of(config), records))
    retrained = records_of(reports, RETRAINED)
    if retrained:
        zoo = zoo_of(config)
        terminal.section("zoo, trained again")
        terminal.write_line(_table(retrained_zoo(zoo, zoo.seed_scores), retrained))
    figures = structure.records_of(reports)
    if figures:
        terminal.section("structure")
        terminal.write_line(structure.table_of(zoo_of(config), figures))
    if KEY in config.stash and interrupted:
        terminal.section("stopped")
        terminal.write_line(config.stash[KEY].text(records))


def _table(zoo: Zoo, records: Mapping[str, Record]) -> str:
    """Return the table of records of one kind."""
    from harness.report.summary import summarise, summary_text

    return summary_text(summarise(zoo, records, list(records)))
