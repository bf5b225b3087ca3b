"""Compares a published figure with what was computed for it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from harness.values.records import PASSING, Figure, Verdict
from harness.values.rows import Claim

#: How far a folder's size may lie from two printed decimals: 31.305 MiB was printed
#: as 31.30, and a folder's own entry is not exactly known.  # zoo-spec 3.4
SIZE_SLACK = Decimal("0.02")
#: How far the estimate of an int8 size may lie from the printed one, as a share.
INT8_SHARE = Decimal("0.05")


def judge_figure(claim: Claim, computed: float) -> Figure:
    """Return whether a computed figure is the printed one, within its tolerance.

    GFLOPs are held to the printed digits; sizes to 0.02, or to one unit of the last
    printed digit where fewer than two decimals are printed (whether those were rounded
    or rounded up is not known: 93.37 is also printed as 94); int8 sizes, which are
    estimated, to 5 %. The edge is inside.
    """
    tolerance, basis = _tolerance_of(claim)
    difference = Decimal(repr(float(computed))) - claim.value
    if abs(difference) <= tolerance:
        verdict = Verdict.REPRODUCED
    else:
        verdict = Verdict.LOWER if difference < 0 else Verdict.HIGHER
    return Figure(
        metric=claim.metric,
        printed=claim.printed,
        computed=float(computed),
        difference=float(difference),
        tolerance=f"{tolerance:f}",
        basis=basis,
        is_estimate=claim.metric.startswith("int8_"),
        verdict=verdict,
    )


def verdict_of_figures(figures: Iterable[Figure]) -> Verdict:
    """Return what the figures of a row come to: the first that misses, if any does."""
    missed = [one.verdict for one in figures if one.verdict not in PASSING]
    return missed[0] if missed else Verdict.REPRODUCED


def _tolerance_of(claim: Claim) -> tuple[Decimal, str]:
    if claim.metric.startswith("int8_"):
        return claim.value * INT8_SHARE, "5 % of an estimate"
    if claim.metric == "gflops":
        return claim.last_digit / 2, "half of the last printed digit"
    if claim.last_digit <= Decimal("0.01"):
        return SIZE_SLACK, "the folder's own entry and rounding"
    return claim.last_digit, "one unit of the last printed digit"
