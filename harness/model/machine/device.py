"""A device that was opened, and what the machine says of its processor."""

from __future__ import annotations

import logging
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.model.machine.precisions import FLOAT32
from harness.values.runtimes import PADDLE

LOGGER = logging.getLogger(__name__)

#: Says to every library that computes how many threads it may use.
THREADS = "OMP_NUM_THREADS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What computes: its kind and model, how many threads, in which numbers, how."""

    kind: str  # "cpu" | "gpu"
    model: str  # "Intel(R) Xeon(R) ..." | "Tesla V100-SXM2-16GB"
    threads: int  # of the CPU
    precision: str = FLOAT32  # of PRECISIONS
    instructions: tuple[str, ...] = ()  # that compute it; empty for float32
    #: Paddle fuses and reorders the graph; off only to compare. Torch has no graph.
    optimise: bool = True
    runtime: str = PADDLE  # of RUNTIMES
    #: Of a runtime that tells them: what it computes with, and how it was set up.
    libraries: str = ""  # "CUDA 13.0, cuDNN 9.24.0"
    arithmetic: str = ""  # "TF32 off, ..."


def logged(device: Device) -> Device:
    """Log what was opened; return it."""
    LOGGER.info(
        "device %s (%s, threads: %d) in %s",
        device.kind,
        device.model,
        device.threads,
        device.precision,
    )
    return device


def cpu_model() -> str:
    """Return the processor's name, as the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def usable_threads() -> int:
    """Return how many threads may compute: one for each processor of this process.

    ``OMP_NUM_THREADS`` lowers the count, as for every library that computes.
    """
    asked = os.environ.get(THREADS, "")
    limit = int(asked) if asked.isdecimal() and int(asked) else sys.maxsize
    if hasattr(os, "sched_getaffinity"):
        return min(limit, len(os.sched_getaffinity(0)))
    return min(limit, os.cpu_count() or 1)
