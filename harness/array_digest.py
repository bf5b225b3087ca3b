"""Named arrays in, a digest of their values out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def digest_arrays(kind: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return a SHA-256 of the values: same values, same digest, on any machine.

    Args:
        kind: what the arrays are, and the version of that.
        arrays: in the order in which they count; types and shapes count too.
    """
    digest = hashlib.sha256(kind.encode())
    for array in arrays.values():
        little = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<")))
        digest.update(f"{little.dtype.str}{little.shape}".encode())
        digest.update(little.tobytes())
    return digest.hexdigest()
