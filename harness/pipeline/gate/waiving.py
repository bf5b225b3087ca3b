"""Findings and waivers in; the findings that stay, and what was waived, out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import ZooDataError
from harness.pipeline.gate.finding import Finding, Rule, finding_of
from harness.values.waivers import Waiver

#: How far ahead a waiver may expire: a year, a leap day included.
LONGEST_DAYS = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """A waiver that acted: without it the gate would have found more."""

    row_id: str
    verdict: str
    reason: str
    expires: str  # the last day on which it holds: "2020-01-31"
    excused: tuple[str, ...]  # the messages of what it excused


def apply_waivers(
    findings: Sequence[Finding], waivers: Sequence[Waiver], today: dt.date
) -> tuple[list[Finding], tuple[Waived, ...]]:
    """Return the findings that no waiver excuses, and the waivers that acted.

    A waiver excuses the findings about one verdict of one row, up to and on the day it
    expires. One that expired, that runs longer than ``LONGEST_DAYS`` or that excuses
    nothing is itself a finding.

    Args:
        findings: what the gate found.
        waivers: of the same zoo.
        today: the day to judge by.
    """
    last = today + dt.timedelta(days=LONGEST_DAYS)
    valid = [one for one in waivers if today <= one.expires <= last]
    excused = {(one.row_id, str(one.verdict)) for one in valid}
    stay = [one for one in findings if (one.row_id, one.verdict) not in excused]
    met = {(one.row_id, one.verdict) for one in findings}
    for one in waivers:
        if one.expires > last:
            error = ZooDataError(
                f"the waiver of {one.verdict} runs too long ({one.reason})",
                expected=f"a day up to {last}",
                got=one.expires,
                next_step="give it a day at most a year ahead",
            )
            stay.append(finding_of(Rule.WAIVER_FAR, one.row_id, error))
        elif one not in valid:
            error = ZooDataError(
                f"the waiver of {one.verdict} has expired ({one.reason})",
                expected=f"a day from {today} on",
                got=one.expires,
                next_step="mend the row, or give the waiver a new reason and day",
            )
            stay.append(finding_of(Rule.WAIVER_EXPIRED, one.row_id, error))
        elif (one.row_id, str(one.verdict)) not in met:
            error = ZooDataError(
                f"the waiver of {one.verdict} excuses nothing ({one.reason})",
                expected=f"a row that ends as {one.verdict}",
                next_step="remove the waiver",
            )
            stay.append(finding_of(Rule.WAIVER_UNUSED, one.row_id, error))
    acted = tuple(
        Waived(
            row_id=one.row_id,
            verdict=one.verdict,
            reason=one.reason,
            expires=one.expires.isoformat(),
            excused=excuses,
        )
        for one in valid
        if (
            excuses := tuple(
                found.message
                for found in findings
                if (found.row_id, found.verdict) == (one.row_id, one.verdict)
            )
        )
    )
    return stay, acted
