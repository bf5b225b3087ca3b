"""Says how much memory this process could have at most."""

from __future__ import annotations

import os
from pathlib import Path

#: Where a container's own limit stands; ``max`` is none.
CONTAINER_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def machine_memory_bytes() -> int | None:
    """Return the machine's memory, or what its container gets; None: not known."""
    try:
        machine_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows and others do not say
        return None
    limits = (_limit_bytes(path) for path in CONTAINER_LIMITS)
    return min([machine_bytes, *(one for one in limits if one is not None)])


def peak_memory_bytes() -> int | None:
    """Return the most that this process had in memory so far; None: not known.

    ``getrusage`` tells a child the peak of the parent that started it.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    peaks = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(peaks[0]) * 1024 if peaks else None


def _limit_bytes(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
