"""A step in, its learning rate out."""

from __future__ import annotations

import math


def cosine_rate(step: int, *, steps: int, peak_rate: float, warmup_steps: int) -> float:
    """Return the rate of a step: linear from near 0 to the peak, then half a cosine.

    Args:
        step: 0-based.
        steps: of the whole run.
        peak_rate: reached after the warm-up.
        warmup_steps: length of the rise.
    """
    if step < warmup_steps:
        return peak_rate * (step + 1) / warmup_steps
    done = (step - warmup_steps) / max(1, steps - warmup_steps)
    return peak_rate * 0.5 * (1 + math.cos(math.pi * done))
