"""Tells which Paddle is installed, without importing it."""

from __future__ import annotations

import importlib.metadata

from harness.errors import UsageError
from harness.values.runtimes import NO_PADDLE

#: Distributions that install the package ``paddle``.
PADDLE_DISTRIBUTIONS = ("paddlepaddle", "paddlepaddle-gpu")


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
    return installed[0] if installed else NO_PADDLE
