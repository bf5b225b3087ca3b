"""Imports PaddleSlim, and says how to get it where it is missing."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness.errors import UsageError
from harness.model.paddle_run.runtime import import_paddle

PaddleSlim = Any  # it has no stubs

#: Without its requirements: they bring an OpenCV that replaces the headless one.
INSTALL = "python -m pip install --no-deps paddleslim==2.6.0"


def import_paddleslim() -> PaddleSlim:
    """Import PaddleSlim after Paddle.

    Raises:
        DeviceMissing: Paddle cannot be imported.
        UsageError: PaddleSlim, or something that it imports, is not installed.
    """
    import_paddle()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecated words of its own; not ours
            import paddleslim
    except ImportError as error:
        raise UsageError(
            "PaddleSlim cannot be imported",
            expected="PaddleSlim 2.6.0 to retrain",
            got=str(error),
            next_step=f"install zoo-harness[compress], then run {INSTALL}",
        ) from error
    return paddleslim


@contextmanager
def quiet_paddleslim() -> Iterator[None]:
    """Let PaddleSlim log errors only while the block runs.

    Each pruning warns of every output of an operator that nothing reads: 10 kB.
    """
    loggers = [
        logging.getLogger(name)
        for name in sorted(logging.Logger.manager.loggerDict)
        if name.partition(".")[0] == "paddleslim"
    ]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
