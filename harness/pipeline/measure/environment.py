"""Describes what makes a record: the day, the code, the machine and its libraries."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import platform
from pathlib import Path

import harness
from harness.dataset.views import decoder_name
from harness.evaluate.metrics import METRICS
from harness.model.machine.device import Device
from harness.model.paddle_run.distribution import paddle_version
from harness.model.runtimes.runtimes import runtime_of
from harness.pipeline.measure.git import run_git
from harness.values.records import UNKNOWN_COMMIT, Environment, Made

#: ``paddle_version`` too, for those who compute with Paddle alone: training does.
__all__ = [
    "commit_of",
    "describe_environment",
    "describe_making",
    "paddle_version",
]

#: Follows the commit where files that git knows were changed since.
WITH_CHANGES = " with changes"


def describe_environment(device: Device, *, dataset: str, decoder: str) -> Environment:
    """Return what computes the numbers here.

    Args:
        device: what the networks run on.
        dataset: key of METRICS.
        decoder: key of DECODERS.

    Raises:
        UsageError: not exactly one OpenCV, headless, is installed, or two Paddles.
    """
    runtime = runtime_of(device)
    return Environment(
        harness=harness.__version__,
        python=platform.python_version(),
        paddle=runtime.paddle(),
        numpy=importlib.metadata.version("numpy"),
        decoder=decoder_name(decoder),
        metric_engine=METRICS[dataset].engine_name(),
        device=device.kind,
        device_model=device.model,
        threads=device.threads,
        precision=device.precision,
        graph_optimiser="on" if device.optimise else "off",
        runtime=runtime.version(),
        libraries=device.libraries,
        arithmetic=device.arithmetic,
    )


def describe_making() -> Made:
    """Return today, and the version and commit of the harness that runs."""
    return Made(
        date=dt.datetime.now(tz=dt.UTC).date().isoformat(),
        harness=harness.__version__,
        commit=commit_of(Path(harness.__file__).resolve().parents[1]),
    )


def commit_of(checkout: Path) -> str:
    """Return the commit that a checkout is at, or ``UNKNOWN_COMMIT`` where none is.

    A folder that merely lies inside somebody's repository, as an installed package may,
    is no checkout.
    """
    if not (checkout / ".git").exists():
        return UNKNOWN_COMMIT
    commit = run_git(checkout, "rev-parse", "--verify", "HEAD")
    changes = run_git(checkout, "status", "--porcelain", "--untracked-files=no")
    if commit is None or changes is None:
        return UNKNOWN_COMMIT
    return commit.decode().strip() + (WITH_CHANGES if changes.strip() else "")
