"""What sets the detections of a run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.pipeline.measure.run_keys import store_key
from harness.registry.zoo import open_zoo
from testing.records import build_environment

ZOO = open_zoo("january-2020")
ROW = ZOO.rows[0]
ENVIRONMENT = build_environment()


def key(**fields: object) -> str:
    given = {
        "input_px": 320,
        "archive_sha256": "a",
        "dataset_fingerprint": "f",
        "environment": ENVIRONMENT,
        **fields,
    }
    return store_key(ROW, **given).digest()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "other",
    [
        {"input_px": 608},
        {"archive_sha256": "b"},
        {"dataset_fingerprint": "g"},
        {"environment": replace(ENVIRONMENT, decoder="opencv 3")},
        {"environment": replace(ENVIRONMENT, paddle="paddlepaddle 3")},
        {"environment": replace(ENVIRONMENT, device_model="another")},
        {"environment": replace(ENVIRONMENT, runtime="torch 2.14.1")},
        {"environment": replace(ENVIRONMENT, libraries="CUDA 13.0, cuDNN 9.24.0")},
        {"environment": replace(ENVIRONMENT, arithmetic="TF32 off")},
    ],
)
def test_what_sets_the_detections_is_in_the_key(other: dict[str, object]) -> None:
    assert key(**other) != key()


def test_what_does_not_set_them_is_not() -> None:
    assert key(environment=replace(ENVIRONMENT, python="4", threads=1)) == key()
