"""Decoding and suppression of one image against the slow way that they are held to."""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.model.boxes.multiclass_nms import multiclass_nms
from harness.model.boxes.yolo_box import decode_heads
from testing.candidates import (
    Candidates,
    trained_candidates,
    trained_heads,
    untrained_candidates,
)
from testing.slow_detections import slow_decode_heads, slow_multiclass_nms

pytestmark = pytest.mark.speed

CELLS = 22743  # of an input of 608 px
CASES: dict[str, tuple[Callable[[int], Candidates], int, int]] = {
    "trained, 350 candidates": (trained_candidates, 350, 15),
    "trained, 1800 candidates": (trained_candidates, 1800, 7),
    "trained, 6400 candidates": (trained_candidates, 6400, 5),
    "untrained, all cells": (untrained_candidates, CELLS, 1),
}
#: Calls of the fast way for each one of the slow, so that both see the same machine.
MORE = 20


@pytest.mark.parametrize("case", CASES)
def test_suppression(case: str, tell: Callable[..., None]) -> None:
    draw, count, rounds = CASES[case]
    drawn = draw(count)
    told = (drawn.boxes_xyxy, drawn.scores)

    slow, fast = (
        functools.partial(suppress, *told)
        for suppress in (slow_multiclass_nms, multiclass_nms)
    )
    _compare(f"suppression: {case}", slow, fast, rounds, tell)

    assert np.array_equal(slow().boxes_xyxy, fast().boxes_xyxy)


@pytest.mark.parametrize("memory", ["cached", "elsewhere"])
def test_decoding(memory: str, tell: Callable[..., None]) -> None:
    """Heads in the processor's cache, and such as were not touched for a while."""
    count = 1 if memory == "cached" else 24  # 190 MB
    many = [trained_heads(350, input_px=608, seed=seed) for seed in range(count)]

    def decode_all(decode: Callable[..., Any]) -> None:
        for heads in many:
            decode(heads, height_px=480, width_px=640)

    slow, fast = (
        functools.partial(decode_all, decode)
        for decode in (slow_decode_heads, decode_heads)
    )
    title = f"decoding at 608 px: 350 candidates, {memory}"
    _compare(title, slow, fast, 5, tell, images=count)


def _compare(
    title: str,
    slow: Callable[[], Any],
    fast: Callable[[], Any],
    rounds: int,
    tell: Callable[..., None],
    *,
    images: int = 1,
) -> None:
    """Tell the medians of both ways, in turns, and their ratio."""
    slow_ms, fast_ms = [], []
    fast()  # what is done once
    for _ in range(rounds):
        slow_ms.append(_ms(slow) / images)
        fast_ms += [_ms(fast) / images for _ in range(MORE if images == 1 else 1)]
    before, now = statistics.median(slow_ms), statistics.median(fast_ms)
    tell(title, {"slow ms": before, "ms": now, "slow / ours": before / now})


def _ms(call: Callable[[], Any]) -> float:
    started_s = time.perf_counter()
    call()
    return (time.perf_counter() - started_s) * 1e3
