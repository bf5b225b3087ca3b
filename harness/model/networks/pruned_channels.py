"""The shapes a compression strategy promises: output channels of the head.

Evaluating a pruned archive needs no plan, its files say the shapes. The plan says what
they ought to be, so that the wrong archive is told by its name.  # zoo-spec 4.2
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.model.networks.yolov3_head import BLOCK_CONVS, block_convs, full_channels

#: Share of output channels removed, in the order of ``block_convs()``.
PRUNED_RATIOS: Mapping[str, tuple[float, ...]] = {
    "none": (0.0,) * 18,
    "prune_r578": (0.5,) * 6 + (0.7,) * 6 + (0.8,) * 6,
    "prune_sensity": (
        *(0.1, 0.2, 0.2, 0.2, 0.2, 0.1),
        *(0.2, 0.3, 0.3, 0.3, 0.2, 0.1),
        *(0.3, 0.4, 0.4, 0.4, 0.4, 0.3),
    ),
}
assert all(len(one) == 3 * len(BLOCK_CONVS) for one in PRUNED_RATIOS.values())


def plan_of_strategy(strategy: str) -> str:
    """Return the plan whose shapes a row's archive ought to have."""
    return strategy if strategy in PRUNED_RATIOS else "none"


def planned_channels(plan: str, width: float = 1.0) -> dict[str, int]:
    """Return the output channels of the 18 convolutions under a plan.

    Raises:
        KeyError: no such plan.
    """
    full = full_channels(width)
    ratios = dict(zip(block_convs(), PRUNED_RATIOS[plan], strict=True))
    return {name: out - round(out * ratios[name]) for name, out in full.items()}


def matching_plan(channels: Mapping[str, int], width: float = 1.0) -> str | None:
    """Return the plan that gives exactly these channels, or None."""
    for plan in PRUNED_RATIOS:
        if planned_channels(plan, width) == dict(channels):
            return plan
    return None
