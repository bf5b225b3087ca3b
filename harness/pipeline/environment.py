"""The machine and the libraries in, what a record says of them out."""

from __future__ import annotations

import importlib.metadata
import platform

import harness
from harness.dataset.image import decoder_name
from harness.evaluate.coco_ap import engine_name
from harness.model.device import Device
from harness.records import Environment

#: Distributions that install the package ``paddle``.
PADDLE_DISTRIBUTIONS = ("paddlepaddle", "paddlepaddle-gpu")
PRECISION = "float32"


def paddle_version() -> str:
    """Return distribution and version of the installed Paddle, without importing it."""
    for name in PADDLE_DISTRIBUTIONS:
        try:
            return f"{name} {importlib.metadata.version(name)}"
        except importlib.metadata.PackageNotFoundError:
            continue
    return "none"


def describe_environment(device: Device, *, optimise: bool) -> Environment:
    """Return what computes the numbers here.

    Raises:
        UsageError: not exactly one OpenCV, headless, is installed.
    """
    return Environment(
        harness=harness.__version__,
        python=platform.python_version(),
        paddle=paddle_version(),
        numpy=importlib.metadata.version("numpy"),
        decoder=decoder_name(),
        metric_engine=engine_name(),
        device=device.kind,
        device_model=device.model,
        threads=device.threads,
        precision=PRECISION,
        graph_optimiser="on" if optimise else "off",
    )
