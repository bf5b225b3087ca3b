"""Says the learning rate of a step by the zoo's schedule."""

from __future__ import annotations

from collections.abc import Sequence

MILESTONE_FACTOR = 0.1  # zoo-spec 5.1


def piecewise_rate(
    step: int, *, base_rate: float, warmup_steps: int, milestones: Sequence[int]
) -> float:
    """Return the rate of a step: linear from 0 to the base, then a tenth at each stone.

    Args:
        step: 0-based; the rate of step 0 of a warm-up is 0, as the old runtime's.
        base_rate: of the step after the warm-up.
        warmup_steps: length of the rise; 0 for none.
        milestones: first steps of a lower rate.
    """
    if step < warmup_steps:
        return base_rate * step / warmup_steps
    passed = sum(step >= milestone for milestone in milestones)
    return float(base_rate * MILESTONE_FACTOR**passed)
