"""Every published row: its archive is fetched, evaluated and compared (design 3)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.values.records import Record
from harness.values.rows import Row

#: A warning of a library is shown; it does not decide whether a number was measured.
pytestmark = pytest.mark.filterwarnings("default")


def test_published_ap(zoo_row: Row, zoo_verdict: Callable[[Row], Record]) -> None:
    zoo_verdict(zoo_row)
