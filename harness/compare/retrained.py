"""Chooses what a row that was trained again is judged by: claims and their margins.

A training of another seed is another model (design 4). Where a row was trained by
several seeds, their mean is the claim and their spread the margin. Elsewhere the
published number stays the claim, with the zoo's tolerance and its part for trainings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from statistics import mean, stdev

from harness.values.rows import Claim, SeedScore, TolerancePart, Zoo

#: A mean is claimed to so many points, and half of it is lost in print.
PRINTED_PCT = Decimal("0.01")
#: How many standard deviations a further training may lie from the mean: of normally
#: spread trainings 1 in 370 is farther, with a known deviation.
DEVIATIONS = 3
#: The seeds of one machine may lie closer together than two machines do: other kernels
#: round otherwise, and ten steps at a real rate part the weights.
LEAST_MARGIN_PCT = Decimal("0.50")


def retrained_zoo(zoo: Zoo, spreads: Iterable[SeedScore]) -> Zoo:
    """Return the zoo whose claims and tolerance hold rows that were trained again.

    Args:
        zoo: as published.
        spreads: scores of trainings by several seeds, ``zoo.seed_scores``.
    """
    scores: dict[str, dict[str, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
    for one in spreads:
        scores[one.row_id][one.metric].append(one.measured_pct)
    others = tuple(row.row_id for row in zoo.rows if row.row_id not in scores)
    margins = tuple(
        _margin_part(row_id, list(of_row.values())) for row_id, of_row in scores.items()
    )
    published = tuple(
        replace(
            part,
            applies_to={**part.applies_to, "row": others},
            only_retrained=False,
        )
        for part in zoo.tolerance
    )
    claims = {
        row_id: tuple(
            _of_mean(claim, scores[row_id][claim.metric])
            if row_id in scores and claim.metric in scores[row_id]
            else claim
            for claim in of_row
        )
        for row_id, of_row in zoo.claims.items()
    }
    return replace(zoo, claims=claims, tolerance=(*margins, *published))


def margin_of(scores_pct: Sequence[Decimal]) -> Decimal:
    """Return how far one more training may lie from the mean of several, in AP points.

    Three sample standard deviations of the difference between a training and the mean
    of n others, and half of what the print of the mean loses; rounded up to 0.01.

    Args:
        scores_pct: of trainings by two seeds or more.
    """
    spread = stdev(scores_pct) * (1 + Decimal(1) / len(scores_pct)).sqrt()
    margin = DEVIATIONS * spread + PRINTED_PCT / 2
    return max(LEAST_MARGIN_PCT, margin.quantize(PRINTED_PCT, rounding=ROUND_CEILING))


def _margin_part(row_id: str, of_metrics: Sequence[Sequence[Decimal]]) -> TolerancePart:
    """Return the margin of a row: the widest of its metrics."""
    widest = max(of_metrics, key=margin_of)
    deviation = stdev(widest).quantize(PRINTED_PCT, rounding=ROUND_HALF_EVEN)
    count = len(widest)
    return TolerancePart(
        name=f"margin of {count} seeds (standard deviation {deviation})",
        value_pct=margin_of(widest),
        basis="measured",
        source=f"{count} trainings of our own",
        applies_to={"row": (row_id,)},
    )


def _of_mean(claim: Claim, scores_pct: Sequence[Decimal]) -> Claim:
    middle = mean(scores_pct).quantize(PRINTED_PCT, rounding=ROUND_HALF_EVEN)
    return replace(claim, printed=str(middle))
