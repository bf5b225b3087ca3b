"""Trains the rows of a session again: what its fixture ``zoo_retrainer`` hands out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.errors import HarnessError
from harness.files.retrained_files import retrained_folder
from harness.pipeline.measure.watcher import Watcher
from harness.plugin.cases import retrained_rows_of
from harness.plugin.chosen_zoo import recipes_of
from harness.plugin.measuring import Running
from harness.plugin.options import asked_of, trains_always
from harness.values.records import Record, Verdict
from harness.values.rows import Row

NOT_NEEDED = "not needed: the archive was measured"


def retraining(
    session: pytest.Session, running: Running, measure: Callable[[Row], Record]
) -> Callable[[Row], Record | None]:
    """Return what trains a row again and measures it; each row once.

    Rows of one archive share one training: whoever asks second finds it finished, or
    refused. Under ``missing`` the answer for a row whose archive was measured is None.

    Args:
        session: of pytest.
        running: what its rows are measured with.
        measure: measures a row from its published archive.
    """
    from harness.pipeline.measure.measure import kept_record
    from harness.pipeline.train.retrained_row import retrain_row

    config, zoo = session.config, running.zoo
    try:
        book, asked = recipes_of(config), asked_of(config)
    except HarnessError as error:
        pytest.fail(str(error), pytrace=False)
    always = trains_always(config)
    settings = replace(
        running.settings, records=retrained_folder(running.settings.records)
    )
    records: dict[str, Record | None] = {}
    refused: dict[str, HarnessError] = {}

    def train(row: Row) -> Record:
        running.under_way.training.append(row.retrained_id)
        watcher = _watcher_of(row, running)
        record = retrain_row(
            zoo, book, row, settings, asked, watcher=watcher, refused=refused
        )
        running.under_way.training.remove(row.retrained_id)
        return kept_record(row, record, settings)

    def retrain(row: Row) -> Record | None:
        if row.row_id not in records:
            # Numbers of some images only show too that the archive is there.
            is_needed = always or not measure(row).measurements
            records[row.row_id] = train(row) if is_needed else None
        return records[row.row_id]

    return retrain


def is_trained_instead(request: pytest.FixtureRequest, record: Record) -> bool:
    """Whether the second case of a row measures it, whose archive nobody serves."""
    rows = {row.row_id: row for row in retrained_rows_of(request.session.items)}
    if record.verdict is not Verdict.UNAVAILABLE or record.row_id not in rows:
        return False
    retrained = request.getfixturevalue("zoo_retrainer")(rows[record.row_id])
    return retrained is not None and retrained.is_measured


def _watcher_of(row: Row, running: Running) -> Watcher:
    """Return a watcher that tells what is kept as the second case's."""

    def stop(_: Row, kept_images: int, images: int) -> None:
        running.under_way.kept[row.retrained_id] = (kept_images, images)

    return replace(running.watcher, stopped=stop)
