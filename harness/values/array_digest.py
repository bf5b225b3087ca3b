"""Computes one digest of the values of named arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from hashlib import _Hash


def digest_arrays(kind: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return a SHA-256 of the values: same values, same digest, on any machine.

    Args:
        kind: what the arrays are, and the version of that.
        arrays: in the order in which they count; types and shapes count too.
    """
    digest = hashlib.sha256(kind.encode())
    for array in arrays.values():
        if array.dtype.kind == "U":  # its width is an accident of the longest text
            _digest_texts(digest, array)
            continue
        little = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<")))
        digest.update(f"{little.dtype.str}{little.shape}".encode())
        digest.update(little.tobytes())
    return digest.hexdigest()


def _digest_texts(digest: _Hash, texts: NDArray[np.str_]) -> None:
    digest.update(f"text{texts.shape}".encode())
    for text in texts.ravel().tolist():
        encoded = text.encode()
        digest.update(f"{len(encoded)}:".encode() + encoded)
