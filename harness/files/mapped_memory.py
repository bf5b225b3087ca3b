"""Memory that a process holds without needing it, back to the system.

Only how much lies in memory changes, never a value; a system that cannot do it is left
alone.
"""

from __future__ import annotations

import ctypes
import gc
import mmap
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def let_go(arrays: Iterable[NDArray[Any]]) -> None:
    """Let the system take the pages of arrays that are mapped from files.

    Whoever reads such an array later gets the same values, from the file again.
    """
    maps = (map_of(one) for one in arrays)
    for one in {id(one): one for one in maps if one is not None}.values():
        let_go_of_map(one)


def let_go_of_map(mapped: mmap.mmap) -> None:
    """Let the system take the pages of a file that is mapped read-only."""
    if hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def map_of(array: NDArray[Any]) -> mmap.mmap | None:
    """Return the mapped file that a read-only array is a view of, None if of none.

    What can be written to may differ from the file, and is not told.
    """
    held: Any = array
    while isinstance(held, np.ndarray):
        if held.flags.writeable:
            return None
        held = held.base
    if isinstance(held, memoryview) and held.readonly:
        held = held.obj
    return held if isinstance(held, mmap.mmap) else None


def return_freed() -> None:
    """Collect what is garbage, and return to the system what glibc keeps of it.

    A graph that was built, serialised and dropped leaves some 60 MB so (measured).
    """
    gc.collect()
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library
        return
    trim(0)
