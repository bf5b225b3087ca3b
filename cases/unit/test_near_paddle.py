"""When the demo on torch is near enough to the accepted records of Paddle."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.registry.zoo import open_zoo
from harness.values.records import Verdict
from testing.records import build_environment, build_measurement, build_record

SCRIPT = Path(__file__).parents[1] / "side_by_side" / "near_paddle.py"
ZOO = open_zoo("demo")
FLOAT = "yolov3-mobilenet_v1-coco-baseline-224"
QUANTISED = "yolov3-mobilenet_v1-coco-quant_post-224"
PADDLE = build_environment()
TORCH = replace(PADDLE, paddle="none", runtime="torch 2.14.1, torchvision 0.29.1")


@pytest.fixture(scope="module")
def near_paddle():
    spec = importlib.util.spec_from_file_location("near_paddle", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclass looks for its annotations
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def record_of(row_id, ap_pct, environment):
    run = build_measurement(scores_pct={"box_ap": ap_pct})
    return build_record(row_id, Verdict.REPRODUCED, run, environment=environment)


def pair_of(near_paddle, row_id, *, paddle=None, torch=None):
    """Return the pair of a row's only claim."""
    pairs = near_paddle.pairs_of(
        ZOO,
        {} if paddle is None else {row_id: paddle},
        {} if torch is None else {row_id: torch},
    )
    (pair,) = (one for one in pairs if one.row_id == row_id)
    return pair


@pytest.mark.parametrize(
    ("row_id", "difference_pct", "is_near"),
    [
        (FLOAT, 0.0009, True),
        (FLOAT, -0.0011, False),
        (QUANTISED, -0.099, True),
        (QUANTISED, 0.101, False),
    ],
)
def test_a_float_row_may_differ_less_than_a_quantised_one(
    near_paddle, row_id, difference_pct, is_near
):
    pair = pair_of(
        near_paddle,
        row_id,
        paddle=record_of(row_id, 60.0, PADDLE),
        torch=record_of(row_id, 60.0 + difference_pct, TORCH),
    )

    assert pair.is_near is is_near
    assert ("expected within" in near_paddle.line_of(pair)) is not is_near


@pytest.mark.parametrize(
    "records",
    [
        {},
        {"paddle": record_of(FLOAT, 60.0, PADDLE)},
        {"torch": record_of(FLOAT, 60.0, TORCH)},
        {
            "paddle": record_of(FLOAT, 60.0, PADDLE),
            "torch": record_of(FLOAT, 60.0, PADDLE),  # made by the wrong runtime
        },
        {
            "paddle": record_of(FLOAT, 60.0, PADDLE),
            "torch": build_record(FLOAT, Verdict.UNAVAILABLE),
        },
    ],
    ids=["neither", "paddle alone", "torch alone", "paddle twice", "not measured"],
)
def test_a_number_that_is_missing_is_not_near(near_paddle, records):
    pair = pair_of(near_paddle, FLOAT, **records)

    assert not pair.is_near
    assert "missing" in near_paddle.line_of(pair)


def test_every_claim_of_the_demo_is_compared(near_paddle):
    pairs = list(near_paddle.pairs_of(ZOO, {}, {}))

    assert len(pairs) == sum(len(claims) for claims in ZOO.claims.values())


def test_a_folder_without_records_ends_with_1(near_paddle, tmp_path, capsys):
    assert near_paddle.main(str(tmp_path)) == 1
    assert FLOAT in capsys.readouterr().out
