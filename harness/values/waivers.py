"""A miss that the gate lets pass for a while."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from harness.values.records import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A verdict of a row that is accepted until a day."""

    zoo: str
    row_id: str
    verdict: Verdict
    reason: str
    expires: dt.date  # the last day on which it holds
