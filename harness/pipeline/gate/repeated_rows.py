"""Measures rows once more, without replaying anything from the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.files.own_folders import CACHE, demand_writable
from harness.files.record_files import write_record
from harness.pipeline.measure.embedded import Drawing, serving, with_scenes
from harness.pipeline.measure.measure import measure_rows
from harness.pipeline.measure.ready_folders import sweep_cache
from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.watcher import Watcher
from harness.values.rows import Zoo


def repeat_rows(
    zoo: Zoo,
    row_ids: Sequence[str],
    settings: Settings,
    *,
    watcher: Watcher,
    drawing: Drawing = lambda dataset, done, total: None,
) -> None:
    """Measure rows afresh and write their records to the settings' folder.

    A row id that the zoo does not have is left to whoever judges the records.

    Raises:
        UsageError: the cache or the folder cannot be written.
    """
    rows = [row for row in zoo.rows if row.row_id in row_ids]
    datasets = {row.dataset for row in rows}
    demand_writable(settings.cache, CACHE)
    sweep_cache(settings.cache)
    ready = with_scenes(zoo, replace(settings, fresh=True), datasets, drawing=drawing)
    with serving(zoo, ready) as ready:
        for dataset in dict.fromkeys(row.dataset for row in rows):
            together = [row for row in rows if row.dataset == dataset]
            for record in measure_rows(zoo, together, ready, watcher=watcher):
                write_record(ready.records, record)
