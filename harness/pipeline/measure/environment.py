"""The machine and the libraries in, what a record says of them out."""

from __future__ import annotations

import importlib.metadata
import platform

import harness
from harness.dataset.views import decoder_name
from harness.errors import UsageError
from harness.evaluate.metrics import METRICS
from harness.model.paddle_run.device import Device
from harness.values.records import Environment

#: Distributions that install the package ``paddle``.
PADDLE_DISTRIBUTIONS = ("paddlepaddle", "paddlepaddle-gpu")


def paddle_version() -> str:
    """Return distribution and version of the installed Paddle, without importing it.

    Raises:
        UsageError: both distributions are installed. They share their files: which one
            computes cannot be told, and the store could answer for the other.
    """
    found = []
    for name in PADDLE_DISTRIBUTIONS:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    if len(found) > 1:
        raise UsageError(
            "the Paddle of this environment",
            expected="exactly one distribution of it",
            got=", ".join(found),
            next_step=f"python -m pip uninstall {' '.join(PADDLE_DISTRIBUTIONS)}, "
            "then install one of the extras cpu, cpu3, gpu",
        )
    return found[0] if found else "none"


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
