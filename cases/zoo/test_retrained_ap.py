"""Every row trained again: by its recipe, evaluated and compared (design 3)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.values.rows import Row

#: A warning of a library is shown; it does not decide whether a number was measured.
pytestmark = pytest.mark.filterwarnings("default")


def test_retrained_ap(
    retrained_row: Row, zoo_retrained_verdict: Callable[[Row], None]
) -> None:
    zoo_retrained_verdict(retrained_row)
