"""How long to bear with a source, and when to ask it again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """The limits of one archive's fetching."""

    tries: int = 3  # of one source, while its failure may pass  # zoo-spec 3.5
    first_wait_s: float = 1.0
    longest_wait_s: float = 30.0
    timeout_s: float = 30.0  # of silence
    largest_bytes: int = 4 << 30  # the largest published archive is near 0.2 GB

    def wait_s(self, failures: int) -> float:
        """Return the wait after so many failures: doubled each time, capped."""
        doublings = min(failures - 1, 60)  # 2.0 ** 1024 would overflow
        return min(self.first_wait_s * 2.0**doublings, self.longest_wait_s)


PATIENCE = Patience()
