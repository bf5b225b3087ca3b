"""Decides whether a source is asked again, and after which wait, or left for the next.

Everything here is decided from values: nothing is opened, and nobody waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.artifact.refusal import Refusal
from harness.artifact.sources import Source
from harness.artifact.web.pace import Pace


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """The limits of fetching one file."""

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
    #: A broken transfer that brought this much got further, and costs no try. None
    #: where no try goes on with what another left: each of them counts.
    further_bytes: int | None = None

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

#: The largest published archive, that of COCO's training images, is near 18 GiB. At
#: 100 kB a second it takes 54 hours, and 18,000 connections at most.
LARGE_PATIENCE = replace(
    PATIENCE, largest_bytes=64 << 30, longest_s=72 * 3600.0, further_bytes=1 << 20
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedTry:
    """A try of a source that brought no file to take."""

    refusal: Refusal
    is_whole: bool = False  # all of its bytes came, and were refused
    held_bytes: int = 0  # it went on with so many of an earlier try
    came_bytes: int = 0  # it left so many more for the next try to go on with


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Where a fetch stands: the sources still to ask, and why the others were left."""

    sources: tuple[Source, ...]  # the first is asked now; none: the fetch gives up
    refusals: tuple[Refusal, ...] = ()
    wait_s: float | None = None  # before it is asked; None for the first time
    failures: int = 0  # of that source, since one of its tries got further
    is_begun_anew: bool = False  # its file was thrown away once, and asked for whole

    def after(self, failed: FailedTry, patience: Patience) -> Course:
        """Return where the fetch stands after its first source failed.

        Args:
            failed: what the source did.
            patience: how often it may fail, and how long to wait.
        """
        # The start was of another run or source: the whole file may be right. Asked
        # for once, or a source that breaks and ends by turns would never be left.
        if failed.is_whole and failed.held_bytes and not self.is_begun_anew:
            return replace(self, wait_s=0.0, is_begun_anew=True)
        source, *others = self.sources
        further_bytes = patience.further_bytes
        got_further = further_bytes is not None and failed.came_bytes >= further_bytes
        failures, tries = 0 if got_further else self.failures + 1, patience.tries
        may_pass = failed.refusal.may_pass and not source.is_local
        if may_pass and failures < tries:
            wait_s = patience.wait_s(max(failures, 1))
            return replace(self, wait_s=wait_s, failures=failures)
        refusal = failed.refusal
        if further_bytes is None and failures == tries > 1:
            told = f"{refusal.reason} (try {tries} of {tries})"
            refusal = replace(refusal, reason=told)
        return Course(sources=tuple(others), refusals=(*self.refusals, refusal))
