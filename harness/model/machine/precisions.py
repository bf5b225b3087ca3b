"""The numbers that a network may be computed in."""

from __future__ import annotations

FLOAT32, BF16, INT8 = "float32", "bf16", "int8"
PRECISIONS = (FLOAT32, BF16, INT8)
