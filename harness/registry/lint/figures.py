"""Checks that printed differences add up, and that sizes have the right unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from harness.errors import ZooDataError
from harness.registry.lint.corrected import corrected_claims, corrected_size
from harness.values.rows import DIFFERENCE_METRICS, Claim, Row, Zoo

#: Difference that a sentence gives, as a reduction: it has no sign.
IN_TEXT = "gflops_delta_in_text"

#: What a full-width model can weigh, in MB: 0.06 to 0.2 million values of one or four
#: bytes, or 8 to 46 million.  # zoo-spec 2, 3.4, 4.2
PLAUSIBLE_MB: Mapping[str, tuple[Decimal, Decimal]] = {
    "blazeface": (Decimal("0.05"), Decimal(2)),
    "yolov3": (Decimal(5), Decimal(300)),
}

#: Printed size -> how many of it are one MB.
UNITS: Mapping[str, int] = {
    "size_mb": 1,
    "int8_size_mb": 1,
    "size_kb": 1000,
    "int8_size_kb": 1000,
}


def difference_problems(zoo: Zoo, file_name: str) -> Iterator[ZooDataError]:
    """Yield printed differences that are not those of the printed numbers.

    The baseline is the row of the same model, dataset and input size. An AP difference
    is exactly that of two printed APs. A percentage may have been computed from numbers
    before they were rounded: each that these can give is right. Errata are applied.
    """
    for row in zoo.rows:
        claims = {one.metric: one for one in corrected_claims(zoo, row)}
        for metric, claim in claims.items():
            if metric not in DIFFERENCE_METRICS:
                continue
            place = f"{file_name}: claim {row.row_id} {metric}: field printed"
            if claim.printed[0] not in "+-" and metric != IN_TEXT:
                yield ZooDataError(
                    place, expected="a sign, + or -", got=repr(claim.printed)
                )
            before = _baseline_claim(zoo, row, DIFFERENCE_METRICS[metric])
            after = claims.get(DIFFERENCE_METRICS[metric])
            if before is None or after is None:
                continue  # the document does not print what it is a difference of
            expected = _expected(claim, before, after)
            if expected is not None:
                yield ZooDataError(
                    place,
                    expected=f"{expected}: {after.printed} against the baseline's "
                    f"{before.printed}",
                    got=repr(claim.printed),
                    next_step="an erratum explains it",
                )


def unit_problems(zoo: Zoo, file_name: str) -> Iterator[ZooDataError]:
    """Yield sizes that no model of the architecture can have: another unit is meant."""
    for row in zoo.rows:
        bounds = PLAUSIBLE_MB.get(row.architecture)
        if bounds is None or row.width != 1.0:
            continue
        smallest, largest = bounds
        for claim in corrected_claims(zoo, row):
            unit = UNITS.get(claim.metric)
            if unit is not None and not smallest <= claim.value / unit <= largest:
                yield ZooDataError(
                    f"{file_name}: claim {row.row_id} {claim.metric}: field printed",
                    expected=f"{smallest * unit} to {largest * unit} for "
                    f"{row.architecture}",
                    got=repr(claim.printed),
                    next_step="KB and MB may be mixed up",
                )


def _baseline_claim(zoo: Zoo, row: Row, metric: str) -> Claim | None:
    """Return what the baseline of a row claims of a metric; None without one."""
    for baseline in zoo.rows:
        if (
            baseline.strategy == "baseline"
            and (baseline.architecture, baseline.backbone, baseline.dataset)
            == (row.architecture, row.backbone, row.dataset)
            and corrected_size(zoo, baseline) == corrected_size(zoo, row)
        ):
            claims = corrected_claims(zoo, baseline)
            return next((one for one in claims if one.metric == metric), None)
    return None


def _expected(claim: Claim, before: Claim, after: Claim) -> str | None:
    """Return what the difference ought to be; None when it may be what is printed."""
    if not claim.printed.endswith("%"):
        difference = after.value - before.value
        return None if difference == claim.value else f"{difference:+}"
    sign = -1 if claim.metric == IN_TEXT else 1
    lowest = _percent(_low(after), _high(before)) * sign
    highest = _percent(_high(after), _low(before)) * sign
    lowest, highest = sorted((lowest, highest))
    slack = claim.last_digit / 2
    if lowest - slack <= claim.value <= highest + slack:
        return None
    return f"{lowest:.2f}% to {highest:.2f}%"


def _percent(after: Decimal, before: Decimal) -> Decimal:
    return (after / before - 1) * 100


def _low(claim: Claim) -> Decimal:
    return claim.value - claim.last_digit / 2


def _high(claim: Claim) -> Decimal:
    return claim.value + claim.last_digit / 2
