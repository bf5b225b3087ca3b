"""What a run asks for in; a refusal to start where nothing here can do so, out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.errors import DeviceMissing, UsageError
from harness.files.precision_files import precision_folder
from harness.model.paddle_run.precision import FLOAT32
from harness.pipeline.measure.settings import Settings


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
    """Refuse to start where cache or records take no file, or the data root is none.

    What killed runs left in them is swept.

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


def kept_apart(settings: Settings) -> Settings:
    """Return the settings with records in the folder of their precision."""
    return replace(
        settings, records=precision_folder(settings.records, settings.precision)
    )
