"""Decides how much memory and time the program of an archive may take."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.errors import UsageError
from harness.values.options import PROGRAM_MEMORY, PROGRAM_SECONDS

MEMORY_OPTION, MEMORY_TWIN = PROGRAM_MEMORY.name, PROGRAM_MEMORY.twin
TIME_OPTION, TIME_TWIN = PROGRAM_SECONDS.name, PROGRAM_SECONDS.twin

#: Address space of Paddle alone is 0.7 GB after its import; with MobileNetV1 at 608 in
#: batches of 8 it is 1.9 GB, with R50vd-dcn 2.5 GB (measured).
PADDLE_BYTES, LEAST_BYTES = 1536 << 20, 4 << 30
BYTES_PER_PIXEL = 700  # of a batch: activations of those two are 400 and 500
WEIGHT_COPIES = 4  # in the file, in Paddle's scope, in oneDNN's order, on the way

#: Of opening, and of each of the first batches.
FIRST_S = 600.0
#: A later step may take so many times the slowest of the first batches took per pixel,
#: and no less than this: another job on the machine is no fault of the program.
PATIENCE, LEAST_S, FIRST_BATCHES = 20.0, 60.0, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramLimits:
    """What the user lets a program take; without memory_bytes, its size decides."""

    memory_bytes: int | None = None
    first_s: float = FIRST_S


def limits_of(
    *, memory_gb: str | None, first_s: str | None, environment: Mapping[str, str]
) -> ProgramLimits:
    """Return the limits that were asked for: option, else environment, else default.

    Args:
        memory_gb: of the option, as it was typed.
        first_s: likewise.
        environment: may hold the twins of both.

    Raises:
        UsageError: a word that is no number above 0; names it.
    """
    memory = memory_gb or environment.get(MEMORY_TWIN)
    seconds = first_s or environment.get(TIME_TWIN)
    return ProgramLimits(
        memory_bytes=int(_above_0(MEMORY_OPTION, memory) * (1 << 30))
        if memory
        else None,
        first_s=_above_0(TIME_OPTION, seconds) if seconds else FIRST_S,
    )


def _above_0(option: str, word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not 0 < value < 1e9:
        raise UsageError(
            option,
            expected="a number above 0",
            got=word,
            next_step="give a number, as in 2.5",
        )
    return value


def memory_bytes(weight_bytes: int, batch_pixels: int) -> int:
    """Return the address space that a program may have: what it needs, and 4 GB.

    Args:
        weight_bytes: of all its parameters.
        batch_pixels: the most that it is asked to look at in one step.
    """
    needs_bytes = (
        PADDLE_BYTES + WEIGHT_COPIES * weight_bytes + BYTES_PER_PIXEL * batch_pixels
    )
    return max(LEAST_BYTES, needs_bytes)


def patience_s(first_s: float, per_pixel_s: Sequence[float], pixels: int) -> float:
    """Return how long a batch may take, from what those before it took.

    Args:
        first_s: what each of the first ones may take.
        per_pixel_s: what they took, for each pixel.
        pixels: of this batch.
    """
    if len(per_pixel_s) < FIRST_BATCHES:
        return first_s
    return max(LEAST_S, PATIENCE * max(per_pixel_s[:FIRST_BATCHES]) * pixels)
