"""Checks that cache and records folder can be written, and removes leftovers."""

from __future__ import annotations

import tempfile
from pathlib import Path

from harness.artifact.leftovers import sweep_archives
from harness.files.own_folders import CACHE, RECORDS, demand_writable
from harness.files.precision_files import PRECISION
from harness.files.retrained_files import retrained_folder
from harness.files.temporary import sweep
from harness.pipeline.measure.embedded import SCENES
from harness.pipeline.measure.run_keys import STORE
from harness.pipeline.measure.settings import Settings

#: Below a zoo's records: tracebacks of unexpected errors. Nothing reads or copies them.
ERRORS = "errors"
#: Folders of a zoo's records; each also in that of a precision, and of retrained rows.
RECORD_FOLDERS = ("", "detections", "truth", "structure", "speed", ERRORS)


def ready_folders(settings: Settings) -> None:
    """Refuse folders that cannot be written, and remove what killed processes left.

    Raises:
        UsageError: the cache or the records folder cannot be written, or its disk is
            full; the message names the option that moves it.
    """
    demand_writable(settings.cache, CACHE)
    demand_writable(settings.records, RECORDS)
    sweep_cache(settings.cache)
    apart = settings.records.glob(f"{PRECISION}/*")
    for folder in (settings.records, retrained_folder(settings.records), *apart):
        for name in RECORD_FOLDERS:
            sweep(folder / name)


def sweep_cache(cache: Path) -> None:
    """Remove what killed processes left in a cache, and among the system's folders."""
    for folder in (cache, *cache.glob(f"{STORE}/*"), *cache.glob(f"{SCENES}/*")):
        sweep(folder)
    sweep_archives(cache)
    sweep(Path(tempfile.gettempdir()))
