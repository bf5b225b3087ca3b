"""Makes the zoo's options of pytest, and the settings of a run from their values."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import HarnessError, UsageError
from harness.evaluate.coco.engine_names import ENGINE_NAMES, chosen_engine
from harness.files.precision_files import precision_folder
from harness.model.machine.precisions import FLOAT32, PRECISIONS
from harness.model.program.limits import ProgramLimits, limits_of
from harness.pipeline.measure.known_datasets import known_datasets
from harness.pipeline.measure.settings import Settings
from harness.printable import printable
from harness.registry.location import find_home
from harness.values.options import (
    BATCH,
    COCO_ENGINE,
    DATA_ROOT,
    DEBUG,
    FRESH,
    GPU,
    LIMIT,
    MAX_HOURS,
    MIRROR,
    OFFLINE,
    OPTIONS,
    PRECISION,
    PROGRAM_MEMORY,
    PROGRAM_SECONDS,
    RECORDS,
    RETRAIN,
    RUNTIME,
    ZOO_CACHE,
    Kind,
    Option,
)
from harness.values.rows import Zoo
from harness.values.runtimes import RUNTIMES, chosen_runtime

if TYPE_CHECKING:
    from harness.pipeline.train.asked import Asked

#: What the environment twin of a switch may say for "no".
OFF = ("", "0", "no", "false", "none")
#: What an option may say, where the room that heeds it has a list of words.
MISSING, ALWAYS = "missing", "always"
CHOICES: Mapping[Option, Sequence[str]] = {
    RETRAIN: (MISSING, ALWAYS),
    COCO_ENGINE: ENGINE_NAMES,
    PRECISION: PRECISIONS,
    RUNTIME: RUNTIMES,
}


def add_options(add: Callable[..., None]) -> None:
    """Add the options of the table that are pytest's; each tells twin and default.

    Args:
        add: of pytest's group.
    """
    for option in OPTIONS:
        if option.in_pytest:
            add(option.name, help=help_of(option), **_parsing_of(option))


def help_of(option: Option) -> str:
    """Return what ``pytest --help`` tells: ``"folder of records (ZOO_RECORDS)"``."""
    default = f"default {option.default}" if option.default else ""
    more = ", ".join(filter(None, (option.twin, default)))
    return f"{option.help} ({more})" if more else option.help


def _parsing_of(option: Option) -> dict[str, Any]:
    if not option.takes_value:
        return {"action": "store_true"}
    if option in CHOICES:
        default = FLOAT32 if option is PRECISION else None
        return {"choices": CHOICES[option], "default": default}
    is_number = option.kind is Kind.NUMBER
    return {"metavar": option.metavar} | ({"type": int} if is_number else {})


def settings_of(config: pytest.Config, zoo: Zoo) -> Settings:
    """Return the settings of a run: option, else environment twin, else default."""
    data_root = _value_of(config, DATA_ROOT)
    return Settings(
        cache=_folder(config, ZOO_CACHE),
        records=_folder(config, RECORDS) / zoo.name,
        data_root=_absolute(data_root) if data_root else None,
        mirror=_value_of(config, MIRROR),
        offline=_is_on(config, OFFLINE),
        gpu=_is_on(config, GPU),
        runtime=runtime_of(config),
        limit=config.getoption(LIMIT.field),
        fresh=_is_on(config, FRESH),
        debug=_is_on(config, DEBUG),
        precision=config.getoption(PRECISION.field),
        program_limits=program_limits_of(config),
        coco_engine=chosen_engine(config.getoption(COCO_ENGINE.field)),
        known_datasets=known_datasets(zoo, find_home()),
    )


def kept_apart(settings: Settings) -> Settings:
    """Return the settings with records in the folder of their precision."""
    return replace(
        settings, records=precision_folder(settings.records, settings.precision)
    )


def runtime_of(config: pytest.Config) -> str:
    """Return the runtime that is asked for, else Paddle.

    Raises:
        pytest.UsageError: the environment twin names no runtime.
    """
    try:
        return chosen_runtime(_value_of(config, RUNTIME))
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error


def trains_always(config: pytest.Config) -> bool:
    """Whether networks are trained again even where their archives are measured."""
    return bool(config.getoption(RETRAIN.field) == ALWAYS)


def asked_of(config: pytest.Config) -> Asked:
    """Return what is asked of trainings; what no option says is the recipe's.

    Raises:
        UsageError: the limit of hours is no whole number.
    """
    from harness.pipeline.train.asked import Asked

    hours = _value_of(config, MAX_HOURS) or MAX_HOURS.default
    if not hours.isdecimal():
        raise UsageError(
            f"{MAX_HOURS.name} ({MAX_HOURS.twin})",
            expected="a whole number of hours",
            got=printable(repr(hours)),
            next_step=f"leave it out for {MAX_HOURS.default}",
        )
    return Asked(batch=config.getoption(BATCH.field), max_hours=float(hours))


def program_limits_of(config: pytest.Config) -> ProgramLimits:
    """Return what the programs of archives may take.

    Raises:
        pytest.UsageError: an option or its environment twin is no such number.
    """
    try:
        return limits_of(
            memory_gb=config.getoption(PROGRAM_MEMORY.field),
            first_s=config.getoption(PROGRAM_SECONDS.field),
            environment=os.environ,
        )
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from error


def _value_of(config: pytest.Config, option: Option) -> str | None:
    """Return the value of an option, else of its environment twin, else None."""
    value = config.getoption(option.field)
    return str(value or (option.twin and os.environ.get(option.twin)) or "") or None


def _is_on(config: pytest.Config, option: Option) -> bool:
    twin = os.environ.get(option.twin, "") if option.twin else ""
    return bool(config.getoption(option.field)) or twin.lower() not in OFF


def _folder(config: pytest.Config, option: Option) -> Path:
    """Return the folder that is asked for; the default is below pytest's root."""
    return _absolute(_value_of(config, option) or config.rootpath / option.default)


def _absolute(path: str | Path) -> Path:
    return Path(path).expanduser().absolute()
