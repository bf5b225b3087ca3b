"""Judges one training step against the old runtime's: how far off it may be."""

import numpy as np

from testing.training_goldens import Arrays, TrainingGolden, TrainingState

LOSS = 1e-5  # relative
MOVE = 1e-4  # of the norm over all variables
MOVE_OF_ONE = 1e-3  # of a variable's own norm, and the last place of each weight:
# a weight of 1 cannot say a move of 1e-4 any closer
SMALL = 1e-3  # of the largest variable's norm: below it a variable is not asked alone
STATISTICS = 1e-5  # of a variable's largest value


def step_faults(
    golden: TrainingGolden, step: int, found: TrainingState, loss: float
) -> list[str]:
    """Say what is too far from the golden, a line each; nothing is a step that agrees.

    Args:
        golden: what the old runtime did.
        step: which of its ten, 0-based; ``found`` started from ``golden.states[step]``.
        found: the state after the step.
        loss: of the batch, before it.
    """
    before, after = golden.states[step : step + 2]
    faults = []
    expected = float(golden.arrays["loss"][step])
    if not abs(loss - expected) <= LOSS * expected:
        faults.append(f"loss: expected {expected:.7g}, got {loss:.7g}")
    moves = _moves(before.weights, after.weights), _moves(before.weights, found.weights)
    last_places = {
        name: float(np.linalg.norm(np.spacing(np.abs(one))))
        for name, one in before.weights.items()
    }
    faults += _too_far("weights", *moves, last_places)
    exact = dict.fromkeys(last_places, 0.0)
    faults += _too_far("velocities", after.velocities, found.velocities, exact)
    for name, right in after.statistics.items():
        apart = float(np.abs(found.statistics[name] - right).max())
        if not apart <= STATISTICS * float(np.abs(right).max()):
            faults.append(f"statistics: {name} is {apart:.2g} off")
    return faults


def _moves(before: Arrays, after: Arrays) -> Arrays:
    return {name: after[name].astype(np.float64) - one for name, one in before.items()}


def _too_far(
    what: str, expected: Arrays, found: Arrays, allowed: dict[str, float]
) -> list[str]:
    norms = {name: float(np.linalg.norm(one)) for name, one in expected.items()}
    apart = {
        name: float(np.linalg.norm(found[name].astype(np.float64) - one))
        for name, one in expected.items()
    }
    whole, off = np.linalg.norm([*norms.values()]), np.linalg.norm([*apart.values()])
    faults = []
    if not off <= MOVE * whole:
        faults.append(f"{what}: {off:.3g} off, of {whole:.3g}")
    largest = max(norms.values())
    faults += [
        f"{what}: {name} is {apart[name]:.3g} off, of {norm:.3g}"
        for name, norm in norms.items()
        if norm >= SMALL * largest
        and not apart[name] <= MOVE_OF_ONE * norm + allowed[name]
    ]
    return faults
