"""Every published figure that needs no data: GFLOPs and sizes (design 3)."""

from __future__ import annotations

from collections.abc import Callable

from harness.values.rows import Claim


def test_structure(zoo_figure: Claim, zoo_figure_verdict: Callable[..., None]) -> None:
    zoo_figure_verdict(zoo_figure)
