"""How long to bear with a source, and when to ask it again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from harness.artifact.pace import Pace


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """The limits of one archive's fetching."""

    tries: int = 3  # of one source, while its failure may pass  # zoo-spec 3.5
    first_wait_s: float = 1.0
    longest_wait_s: float = 30.0
    timeout_s: float = 30.0  # of silence
    largest_bytes: int = 4 << 30  # the largest published archive is near 0.2 GB
    #: A tenth of a slow telephone line: 0.2 GB would take two days and more.
    least_bytes_per_s: float = 1000.0
    window_s: float = 60.0  # over which it is asked: two silences long
    #: Of all tries of one source: 0.2 GB at 10 kB a second take near 6 h.
    longest_s: float = 6 * 3600.0
    #: A broken transfer that brought this much got further, and costs no try: 18 GiB
    #: are then 18,000 connections at most.
    further_bytes: int = 1 << 20

    def wait_s(self, failures: int) -> float:
        """Return the wait after so many failures: doubled each time, capped."""
        doublings = min(failures - 1, 60)  # 2.0 ** 1024 would overflow
        return min(self.first_wait_s * 2.0**doublings, self.longest_wait_s)

    def pace(self, clock: Callable[[], float] = time.monotonic) -> Pace:
        """Return what holds one source to these limits, from now on."""
        return Pace(
            longest_s=self.longest_s,
            least_bytes_per_s=self.least_bytes_per_s,
            window_s=self.window_s,
            clock=clock,
        )


PATIENCE = Patience()
