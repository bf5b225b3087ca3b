"""Judges measured numbers by claims, and says why in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal

from harness.compare.tolerance import Budget
from harness.errors import DetectionsInvalid, HarnessError
from harness.values.records import Judgement, Measurement, Verdict
from harness.values.rows import Claim


def judge(claim: Claim, measured_pct: float, budget: Budget) -> Judgement:
    """Return whether a measured number is the printed one, within the tolerance.

    The unrounded number is compared; the edge of the tolerance is inside. Both sides
    are decimals: the shortest decimal that names the measured float is what was
    measured, so 27.92 lies exactly 0.12 from a printed 27.8.

    Raises:
        DetectionsInvalid: the measured number is not finite.
    """
    if not math.isfinite(measured_pct):
        raise DetectionsInvalid(
            f"score {claim.metric} of {claim.row_id}",
            expected="a finite number",
            got=measured_pct,
        )
    difference = Decimal(repr(float(measured_pct))) - claim.value_pct
    if abs(difference) <= budget.total_pct:
        verdict = Verdict.REPRODUCED
    else:
        verdict = Verdict.LOWER if difference < 0 else Verdict.HIGHER
    return Judgement(
        metric=claim.metric,
        printed=claim.printed,
        measured_pct=float(measured_pct),
        difference_pct=float(difference),
        tolerance_pct=str(budget.total_pct),
        verdict=verdict,
        budget=budget.text,
    )


def verdict_of_judgements(judgements: Iterable[Judgement]) -> Verdict:
    """Return what the claims of one run come to: any lower, else any higher.

    Raises:
        HarnessError: there is no judgement; nothing measured is not reproduced.
    """
    verdicts = {one.verdict for one in judgements}
    if not verdicts:
        raise HarnessError("no claim was judged", expected="at least one", got="none")
    for worst in (Verdict.LOWER, Verdict.HIGHER):
        if worst in verdicts:
            return worst
    return Verdict.REPRODUCED


def verdict_of_row(
    measurements: Sequence[Measurement],
    *,
    dataset_differences: Sequence[str] = (),
    limit: int | None = None,
) -> tuple[Verdict, str]:
    """Return the verdict of a measured row and the sentence that gives the reason.

    A dataset that is not the published one comes first, then a measurement of part of
    it: neither can speak for the claim. Then the run as printed, then the runs that
    follow an erratum. A row that could not be measured never gets here: the refusal
    that stopped it carries its verdict.

    Args:
        measurements: the run as printed, and one for each erratum that changes the run.
        dataset_differences: how the dataset differs from the published one.
        limit: how many images were measured, when not all were.

    Returns:
        Verdict and reason; the reason is empty when the claim was simply reproduced.

    Raises:
        HarnessError: there is not exactly one run as printed.
    """
    as_printed = [one for one in measurements if one.erratum is None]
    if len(as_printed) != 1:
        raise HarnessError(
            "runs as printed among the measurements",
            expected="exactly one",
            got=len(as_printed),
        )
    if dataset_differences:
        told = "; ".join(dataset_differences)
        return (
            Verdict.WRONG_DATASET,
            f"the dataset is not the published one: {told}",
        )
    if limit is not None:
        few = "image was" if limit == 1 else f"{limit} images were"
        return Verdict.PARTIAL, f"only the first {few} measured"
    printed = as_printed[0]
    if printed.verdict is Verdict.REPRODUCED:
        return Verdict.REPRODUCED, ""
    if printed.verdict is Verdict.NOT_JUDGED:
        return Verdict.NOT_JUDGED, "no claim was judged"
    corrected = [run for run in measurements if run.erratum is not None]
    missed = f"as printed at {printed.input_px} px: {_misses(printed)}"
    for run in corrected:
        if run.verdict is Verdict.REPRODUCED:
            return (
                Verdict.REPRODUCED_WITH_ERRATUM,
                f"reproduced at {run.input_px} px as {run.erratum} corrects; {missed}",
            )
    others = [
        f"as {run.erratum} corrects at {run.input_px} px: {_misses(run)}"
        for run in corrected
    ]
    if not others:
        return printed.verdict, _misses(printed)
    return printed.verdict, "; ".join((missed, *others))


def _misses(measurement: Measurement) -> str:
    """Tell every claim that the run misses, with the parts of its tolerance."""
    return ", ".join(
        _miss(one)
        for one in measurement.judgements
        if one.verdict is not Verdict.REPRODUCED
    )


def _miss(judgement: Judgement) -> str:
    digits = _digits_that_show(judgement)
    sentence = (
        f"{judgement.metric} measured {judgement.measured_pct:.{digits}f}, "
        f"printed {judgement.printed}, "
        f"difference {judgement.difference_pct:+.{digits}f}, "
        f"tolerance {judgement.tolerance_pct}"
    )
    return f"{sentence} ({judgement.budget})" if judgement.budget else sentence


def _digits_that_show(judgement: Judgement) -> int:
    """Return two, or as many digits as show that the difference is over the edge."""
    tolerance = Decimal(judgement.tolerance_pct)
    difference = abs(judgement.difference_pct)
    return next(
        (n for n in range(2, 16) if Decimal(f"{difference:.{n}f}") > tolerance), 16
    )
