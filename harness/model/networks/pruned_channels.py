"""The output channels that each pruning leaves to the head's convolutions.

The files of a pruned archive say its shapes themselves. What they ought to be is known
here, so that the wrong archive is told by its pruning's name.  # zoo-spec 4.2
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.model.networks.yolov3_head import BLOCK_CONVS, block_convs, full_channels

#: Pruning -> share of output channels removed, in the order of ``block_convs()``.
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


def pruning_of(strategy: str) -> str:
    """Return the pruning whose shapes a row's archive ought to have."""
    return strategy if strategy in PRUNED_RATIOS else "none"


def pruned_channels(pruning: str, width: float = 1.0) -> dict[str, int]:
    """Return the output channels of the 18 convolutions after a pruning.

    Raises:
        KeyError: no such pruning.
    """
    full = full_channels(width)
    ratios = dict(zip(block_convs(), PRUNED_RATIOS[pruning], strict=True))
    return {name: out - round(out * ratios[name]) for name, out in full.items()}


def matching_pruning(channels: Mapping[str, int], width: float = 1.0) -> str | None:
    """Return the pruning that leaves exactly these channels, or None."""
    for pruning in PRUNED_RATIOS:
        if pruned_channels(pruning, width) == dict(channels):
            return pruning
    return None
