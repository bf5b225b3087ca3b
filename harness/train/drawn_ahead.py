"""Draws the batches of a run ahead, in a process beside the trainer.

Batch ``k`` depends on the seed and ``k`` alone, so a run that was stopped goes on with
the very batches it would have seen.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Protocol, TypeVar

from harness.train.recipe import Recipe

B_co = TypeVar("B_co", covariant=True)

#: Batches drawn ahead of the trainer: enough to hide a slow one.
AHEAD = 8


class DrawBatch(Protocol[B_co]):
    """A function of a module, so that another process can call it."""

    def __call__(
        self, step: int, *, seed: int, batch: int, sizes_px: tuple[int, ...]
    ) -> B_co:
        """Draw the batch of one step."""
        ...


def drawn_ahead(
    draw: DrawBatch[B_co], first: int, last: int, recipe: Recipe
) -> Iterator[B_co]:
    """Yield the batches of steps ``first`` to ``last - 1``, drawn a little ahead."""
    spawn = multiprocessing.get_context("spawn")  # a fork would copy Paddle's threads
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
        pending: deque[Future[B_co]] = deque()
        try:
            for step in range(first, last + AHEAD):
                if step < last:
                    pending.append(
                        pool.submit(
                            draw,
                            step,
                            seed=recipe.seed,
                            batch=recipe.batch,
                            sizes_px=recipe.sizes_px,
                        )
                    )
                if step >= first + AHEAD:
                    yield pending.popleft().result()
        finally:
            for one in pending:
                one.cancel()
