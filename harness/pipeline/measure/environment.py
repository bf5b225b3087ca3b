"""Describes what makes a record: the day, the code, the machine and its libraries."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import platform
from pathlib import Path

import harness
from harness.dataset.views import decoder_name
from harness.errors import UsageError
from harness.evaluate.metrics import METRICS
from harness.model.paddle_run.device import Device
from harness.pipeline.measure.git import run_git
from harness.values.records import UNKNOWN_COMMIT, Environment, Made

#: Distributions that install the package ``paddle``.
PADDLE_DISTRIBUTIONS = ("paddlepaddle", "paddlepaddle-gpu")
#: Follows the commit where files that git knows were changed since.
WITH_CHANGES = " with changes"


def paddle_version() -> str:
    """Return distribution and version of the installed Paddle, without importing it.

    Raises:
        UsageError: both distributions are installed. They share their files: which one
            computes cannot be told, and the store could answer for the other.
    """
    installed = []
    for name in PADDLE_DISTRIBUTIONS:
        try:
            installed.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    if len(installed) > 1:
        raise UsageError(
            "the Paddle of this environment",
            expected="exactly one distribution of it",
            got=", ".join(installed),
            next_step=f"python -m pip uninstall {' '.join(PADDLE_DISTRIBUTIONS)}, "
            "then install one of the extras cpu, cpu3, gpu",
        )
    return installed[0] if installed else "none"


def describe_environment(device: Device, *, dataset: str, decoder: str) -> Environment:
    """Return what computes the numbers here.

    Args:
        device: what the networks run on.
        dataset: key of METRICS.
        decoder: key of DECODERS.

    Raises:
        UsageError: not exactly one OpenCV, headless, is installed, or two Paddles.
    """
    return Environment(
        harness=harness.__version__,
        python=platform.python_version(),
        paddle=paddle_version(),
        numpy=importlib.metadata.version("numpy"),
        decoder=decoder_name(decoder),
        metric_engine=METRICS[dataset].engine_name(),
        device=device.kind,
        device_model=device.model,
        threads=device.threads,
        precision=device.precision,
        graph_optimiser="on" if device.optimise else "off",
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
