"""The zoo's options of pytest, and the settings of a run that follow from them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.dataset.image_header import OPTION as PIXELS_OPTION
from harness.dataset.image_header import VARIABLE as PIXELS_TWIN
from harness.errors import HarnessError
from harness.evaluate.coco.engine_names import ENGINE_NAMES, chosen_engine
from harness.model.paddle_run.precision import FLOAT32, PRECISIONS
from harness.model.program.limits import (
    MEMORY_OPTION,
    TIME_OPTION,
    ProgramLimits,
    limits_of,
)
from harness.pipeline.measure.known_datasets import known_datasets
from harness.pipeline.measure.settings import Settings
from harness.registry.location import find_home
from harness.values.rows import Zoo

DEFAULT_ZOO = "january-2020"
#: What an environment twin of a switch may say for "no".
OFF = ("none", "0", "no", "false")


def add_options(add: Callable[..., None]) -> None:
    """Add the options of design 3; each tells its environment twin where it has one.

    Args:
        add: of pytest's group.
    """
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
    add(PIXELS_OPTION, type=int, metavar="N", help=f"of an image ({PIXELS_TWIN})")
    add("--fresh", action="store_true", help="detect again what is stored")
    add("--coco-engine", choices=ENGINE_NAMES, help="what scores COCO rows")
    add(
        MEMORY_OPTION,
        metavar="GB",
        help="what the program of an archive may take (ZOO_PROGRAM_MEMORY)",
    )
    add(
        TIME_OPTION,
        metavar="S",
        help="how long its first batches may take (ZOO_PROGRAM_SECONDS)",
    )
    add("--precision", choices=PRECISIONS, default=FLOAT32, help="not judged if other")


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
        program_limits=program_limits_of(config),
        coco_engine=chosen_engine(config.getoption("coco_engine")),
        known_datasets=known_datasets(zoo, find_home()),
    )


def program_limits_of(config: pytest.Config) -> ProgramLimits:
    """Return what the programs of archives may take.

    Raises:
        pytest.UsageError: an option or its environment twin is no such number.
    """
    try:
        return limits_of(
            memory_gb=config.getoption("program_memory"),
            first_s=config.getoption("program_seconds"),
            environment=os.environ,
        )
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from error


def _absolute(path: str | Path) -> Path:
    return Path(path).expanduser().absolute()
