"""Refuses at once to start a session that cannot do what its options ask for."""

from __future__ import annotations

import logging
import os

import pytest

from harness.dataset.image_header import VARIABLE, allow_pixels
from harness.errors import DeviceMissing, HarnessError, UsageError
from harness.model.paddle_run.precision import FLOAT32
from harness.pipeline.measure.settings import Settings
from harness.plugin.options import program_limits_of
from harness.printable import printable
from harness.values.options import LIMIT, MAX_IMAGE_PIXELS, RETRAIN

LOGGER = logging.getLogger(__name__)


def demand_options(config: pytest.Config) -> None:
    """Refuse values that no session can heed; set the limit of pixels for this one.

    Raises:
        pytest.UsageError: a value is out of range, or asks for what is not built.
    """
    limit = config.getoption(LIMIT.field)
    if limit is not None and limit < 1:
        raise pytest.UsageError(f"--limit: expected 1 image or more, got {limit}")
    if config.getoption(RETRAIN.field):
        raise pytest.UsageError(
            "--retrain: this version measures published archives only; "
            "retraining is not built yet"
        )
    program_limits_of(config)
    limit_pixels(config)


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


def demand_device(*, gpu: bool, precision: str) -> None:
    """Refuse to start without the GPU, or the precision, that was asked for.

    Raises:
        pytest.UsageError: the device or this Paddle says no.
    """
    if not gpu and precision == FLOAT32:
        return  # Paddle is not needed yet
    from harness.model.paddle_run.device import open_device

    try:
        open_device(gpu=gpu, precision=precision)
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
