"""Findings and waivers in; the findings that stay, and those of bad waivers, out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from harness.errors import ZooDataError
from harness.pipeline.finding import Finding, Rule, finding_of
from harness.registry.waivers import Waiver


def apply_waivers(
    findings: Sequence[Finding], waivers: Sequence[Waiver], today: dt.date
) -> list[Finding]:
    """Return the findings without those that a waiver excuses.

    A waiver excuses the findings about one verdict of one row, up to and on the day it
    expires. One that expired, or that excuses nothing, is itself a finding.

    Args:
        findings: what the gate found.
        waivers: of the same zoo.
        today: the day to judge by.
    """
    valid = [one for one in waivers if one.expires >= today]
    excused = {(one.row_id, str(one.verdict)) for one in valid}
    stay = [one for one in findings if (one.row_id, one.verdict) not in excused]
    met = {(one.row_id, one.verdict) for one in findings}
    for one in waivers:
        if one not in valid:
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
    return stay
