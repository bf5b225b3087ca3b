"""Refuses at once to start a session that cannot do what its options ask for."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Sequence

import pytest

from harness.dataset.image_header import VARIABLE, allow_pixels
from harness.errors import DeviceMissing, HarnessError, UsageError, located
from harness.model.machine.precisions import FLOAT32
from harness.pipeline.measure.settings import Settings
from harness.plugin.chosen_zoo import recipes_of
from harness.plugin.options import asked_of, program_limits_of, runtime_of
from harness.printable import printable
from harness.values.expressions import any_carried, read_expression
from harness.values.options import (
    BATCH,
    GPU,
    LIMIT,
    MAX_IMAGE_PIXELS,
    PRECISION,
    RETRAIN,
)
from harness.values.recipes import RecipeId
from harness.values.rows import Row
from harness.values.runtimes import PADDLE

LOGGER = logging.getLogger(__name__)

#: Markers that tell the first case of a row from its second: an expression without
#: either cannot select the second alone.
KINDS_OF_CASES = ("published", "retrained")


def demand_options(config: pytest.Config) -> None:
    """Refuse values that no session can heed; set the limit of pixels for this one.

    Raises:
        pytest.UsageError: a value is out of range, or asks for what is not built.
    """
    limit = config.getoption(LIMIT.field)
    if limit is not None and limit < 1:
        raise pytest.UsageError(f"--limit: expected 1 image or more, got {limit}")
    batch = config.getoption(BATCH.field)
    if batch is not None and batch < 1:
        raise pytest.UsageError(f"--batch: expected 1 image or more, got {batch}")
    precision = config.getoption(PRECISION.field)
    if config.getoption(RETRAIN.field) and precision not in (None, FLOAT32):
        raise pytest.UsageError(
            f"--retrain with --precision {precision}: expected {FLOAT32}, which "
            "published rows were trained and measured in; drop one of the two"
        )
    if config.getoption(RETRAIN.field) and runtime_of(config) != PADDLE:
        raise pytest.UsageError(
            f"--retrain with --runtime {runtime_of(config)}: expected --runtime "
            f"{PADDLE}, which alone trains; drop one of the two"
        )
    program_limits_of(config)
    limit_pixels(config)


def demand_retraining(
    marks: str, rows: Callable[[], Iterable[Row]], *, retrained: bool
) -> None:
    """Refuse ``-m retrained`` without ``--retrain``: it would select nothing.

    Args:
        marks: the expression of ``-m``, or nothing.
        rows: opens the zoo; asked only where second cases can be meant alone.
        retrained: whether rows have their second cases.

    Raises:
        pytest.UsageError: names the option.
    """
    expression = read_expression(marks)
    if retrained or expression is None or expression.names.isdisjoint(KINDS_OF_CASES):
        return
    if expression.holds(any_carried([])):  # a unit test is meant as well
        return
    zoo_rows = tuple(rows())
    is_first = any(expression.holds(any_carried(one.markers)) for one in zoo_rows)
    is_second = any(
        expression.holds(any_carried(one.retrained_markers)) for one in zoo_rows
    )
    if is_second and not is_first:
        raise pytest.UsageError(
            f"-m {printable(repr(marks))}: selects rows that are trained again alone; "
            "expected --retrain missing or --retrain always, got neither; add "
            "`--retrain missing` to train where the published archive is missing"
        )


def demand_recipes(config: pytest.Config, rows: Sequence[Row]) -> None:
    """Refuse to train rows again by malformed recipes, or to prune without PaddleSlim.

    Raises:
        pytest.UsageError: the message names the recipe, or how to get PaddleSlim.
    """
    from harness.compress.paddleslim import import_paddleslim

    try:
        asked_of(config)
        book = recipes_of(config)
        wanted = {RecipeId(zoo=row.zoo, name=row.archive) for row in rows}
        if any(book.recipes[one].pruning for one in wanted & book.recipes.keys()):
            with located("--retrain"):
                import_paddleslim()
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from error


def limit_pixels(config: pytest.Config) -> None:
    """Set the limit that every reader of images heeds, until the session ends.

    Raises:
        pytest.UsageError: the option or its twin is no number of pixels.
    """
    before = os.environ.get(VARIABLE)

    def give_back() -> None:
        os.environ.pop(VARIABLE, None)
        if before is not None:
            os.environ[VARIABLE] = before

    config.add_cleanup(give_back)
    try:
        allow_pixels(config.getoption(MAX_IMAGE_PIXELS.field))
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from error


def demand_computing(config: pytest.Config) -> None:
    """Refuse to start without what shall compute; see :func:`demand_device`.

    Raises:
        pytest.UsageError: it is not here, or the environment twin names no runtime.
    """
    demand_device(
        runtime_of(config),
        gpu=config.getoption(GPU.field),
        precision=config.getoption(PRECISION.field),
    )


def demand_device(runtime: str, *, gpu: bool, precision: str) -> None:
    """Refuse to start without the runtime, GPU or precision that was asked for.

    Raises:
        pytest.UsageError: the device or the installed runtime says no.
    """
    if runtime == PADDLE and not gpu and precision == FLOAT32:
        return  # Paddle is not needed yet
    from harness.model.runtimes.runtimes import open_device

    try:
        open_device(runtime, gpu=gpu, precision=precision)
    except DeviceMissing as error:
        raise pytest.UsageError(str(error)) from error


def demand_folders(settings: Settings) -> None:
    """Refuse a cache or records that cannot be written, and a data root that is none.

    What killed runs left in cache and records is removed.

    Raises:
        pytest.UsageError: the message names the folder and the option that moves it.
    """
    from harness.pipeline.measure.data_root import demand_data_root
    from harness.pipeline.measure.ready_folders import ready_folders

    try:
        ready_folders(settings)
        if settings.data_root is not None:
            demand_data_root(settings.data_root)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error
    LOGGER.info(
        "cache %s, records %s, data root %s, mirror %s",
        printable(settings.cache),
        printable(settings.records),
        printable(settings.data_root or "none"),
        printable(settings.mirror or "none"),
    )
