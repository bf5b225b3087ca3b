"""Ends a source that takes too long or sends too little."""

from __future__ import annotations

import time
from collections.abc import Callable

from harness.artifact.web.failure import Stopped


class Pace:
    """Holds all tries of one source to a total time, and each body to a least rate.

    A silence that is cut off by a time limit is not enough: a byte now and then would
    keep a run waiting for ever.

    Args:
        longest_s: of all tries together.
        least_bytes_per_s: over each window of a body.
        window_s: its length; a body that ends within one is held to no rate.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        *,
        longest_s: float,
        least_bytes_per_s: float,
        window_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._longest_s = longest_s
        self._least_bytes_per_s = least_bytes_per_s
        self._window_s = window_s
        self._clock = clock
        self._end_s = clock() + longest_s
        self._window_start_s: float | None = None
        self._window_bytes = 0

    def begin_head(self) -> None:
        """Wait for an answer: until its body begins, no rate is asked."""
        self._window_start_s = None

    def begin_body(self) -> None:
        """Hold what comes from now on to the least rate."""
        self._window_start_s, self._window_bytes = self._clock(), 0

    def count(self, n_bytes: int) -> None:
        """Take note of bytes of the body that arrived."""
        self._window_bytes += n_bytes

    def left_s(self) -> float:
        """Return the time that is left for the source.

        Raises:
            Stopped: none is, or the last window of the body brought too little.
        """
        now_s = self._clock()
        if now_s >= self._end_s:
            raise Stopped(
                f"not done after {self._longest_s:g} s, the longest time for one source"
            )
        start_s = self._window_start_s
        if start_s is not None and now_s - start_s >= self._window_s:
            if self._window_bytes < self._least_bytes_per_s * self._window_s:
                raise Stopped(
                    f"too slow: {self._window_bytes} bytes in {now_s - start_s:.0f} s, "
                    f"at least {self._least_bytes_per_s:g} a second are asked",
                    may_pass=True,
                )
            self._window_start_s, self._window_bytes = now_s, 0
        return self._end_s - now_s
