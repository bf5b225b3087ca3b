"""What a user asks of a training, beside the settings of every run."""

from __future__ import annotations

from dataclasses import dataclass

#: Above this estimate a training is refused, unless the user says more. ``MAX_HOURS``
#: of the options says the same.
MAX_HOURS = 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How a recipe is followed here."""

    steps: int | None = None  # end after so many; the schedule is not shortened
    seed: int | None = None  # None: the recipe's
    batch: int | None = None  # images of a step; None: the recipe's
    max_hours: float = MAX_HOURS  # an estimate above it is refused
