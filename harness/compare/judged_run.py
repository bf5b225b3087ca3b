"""Judges one run of a row: its scores against every claim, by the row's tolerance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.compare.tolerance import budget_of
from harness.compare.verdict import judge, verdict_of_judgements
from harness.values.records import Judgement, Verdict
from harness.values.rows import Row, Zoo


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRun:
    """A run held against the claims of its row."""

    judgements: tuple[Judgement, ...]  # of the claims with a score, in printed order
    unscored: tuple[str, ...]  # metrics of the claims without one

    @property
    def verdict(self) -> Verdict:
        """The worst judgement's; ``not_judged`` where there is none."""
        if not self.judgements:
            return Verdict.NOT_JUDGED
        return verdict_of_judgements(self.judgements)


def judge_run(zoo: Zoo, row: Row, scores_pct: Mapping[str, float]) -> JudgedRun:
    """Hold the scores of one run against the APs published of its row.

    Args:
        zoo: has the claims and the parts of the tolerance.
        row: the row.
        scores_pct: metric -> unrounded score in percent.

    Raises:
        DetectionsInvalid: a score is not finite.
    """
    budget, claims = budget_of(zoo.tolerance, row), zoo.ap_claims(row.row_id)
    return JudgedRun(
        judgements=tuple(
            judge(claim, scores_pct[claim.metric], budget)
            for claim in claims
            if claim.metric in scores_pct
        ),
        unscored=tuple(
            claim.metric for claim in claims if claim.metric not in scores_pct
        ),
    )
