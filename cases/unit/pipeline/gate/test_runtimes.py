"""What the gate and ``zoo accept`` make of a record that another runtime computed."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import RecordInvalid
from harness.model.torch_run.runtime import ARITHMETIC
from harness.pipeline.gate.accept import accept
from harness.pipeline.gate.gate import GateReport
from harness.pipeline.measure.run_keys import store_key

PLAIN = "yolov3-mobilenet_v1-coco-prune_r578-608"
TORCH = {
    "paddle": "none",
    "runtime": "torch 2.14.1, torchvision 0.29.1",
    "libraries": "CUDA 13.0, cuDNN 9.24.0",
    "arithmetic": ARITHMETIC,
}

Folder = Any  # conftest.Folder; tests cannot import it


def rules_of(report: GateReport) -> set[str]:
    return {one.rule.value for one in report.findings}


def compute_by(folder: Folder, **words: str) -> None:
    """Let a record say what computed it, under the key that follows."""
    record = folder.read(PLAIN)
    environment = replace(record.environment, **words)
    (run,) = record.measurements
    key = store_key(
        folder.zoo.row(PLAIN),
        input_px=run.input_px,
        archive_sha256=record.archive.sha256,
        dataset_fingerprint=record.dataset.fingerprint,
        environment=environment,
    )
    run = replace(run, store_key=key.digest())
    folder.change(PLAIN, environment=environment, measurements=(run,))


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"libraries": "oneDNN"},
        {"libraries": "ROCm 7.1.25424-1, MIOpen 3005000"},
        {"runtime": "torch 2.13.0+cpu, torchvision 0.28.0+cpu"},
    ],
)
def test_a_record_of_torch_is_a_record(green: Folder, words: dict[str, str]) -> None:
    compute_by(green, **(TORCH | words))

    assert rules_of(green.gate()) == set()


@pytest.mark.parametrize(
    "words",
    [
        {"paddle": "paddlepaddle 2.6.2"},
        {"runtime": "jax 0.9"},
        {"runtime": "torch 2.14.1"},
        {"libraries": ""},
        {"libraries": "MPS"},
        {"arithmetic": ARITHMETIC.replace("off", "on", 1)},
    ],
)
def test_words_that_no_measurement_by_torch_writes_are_refused(
    green: Folder, words: dict[str, str]
) -> None:
    compute_by(green, **(TORCH | words))

    assert rules_of(green.gate()) == {"environment"}


@pytest.mark.parametrize("field", ["libraries", "arithmetic"])
def test_a_record_of_paddle_says_nothing_of_another_runtime(
    green: Folder, field: str
) -> None:
    compute_by(green, **{field: TORCH[field]})

    assert rules_of(green.gate()) == {"environment"}


def test_the_key_of_one_runtime_is_none_of_the_other(green: Folder) -> None:
    record = green.read(PLAIN)
    green.change(PLAIN, environment=replace(record.environment, **TORCH))

    assert rules_of(green.gate()) == {"store_key"}


@pytest.mark.parametrize(
    ("words", "again"), [(TORCH, {}), ({}, TORCH)], ids=["torch first", "paddle first"]
)
def test_a_repeat_by_another_runtime_repeats_nothing(
    green: Folder, new_folder: Any, tmp_path: Path, words: Any, again: Any
) -> None:
    repeat = new_folder("repeat")
    compute_by(green, **words)
    compute_by(repeat, **again)

    with pytest.raises(
        RecordInvalid,
        match=f"^{PLAIN}: the repeat was computed by another runtime; "
        r"expected (torch|paddle\w*), got (torch|paddle\w*); repeat with the --runtime "
        "of the record$",
    ):
        accept_it(green, repeat, tmp_path)


def test_a_repeat_by_the_same_runtime_is_one(
    green: Folder, new_folder: Any, tmp_path: Path
) -> None:
    repeat = new_folder("repeat")
    compute_by(green, **TORCH)
    compute_by(repeat, **TORCH)

    assert [one.row_id for one in accept_it(green, repeat, tmp_path)] == [PLAIN]


def accept_it(green: Folder, repeat: Folder, tmp_path: Path) -> Any:
    return accept(
        green.zoo,
        [PLAIN],
        records=green.path,
        repeat_records=repeat.path,
        into=tmp_path / "accepted",
        reason="why",
        by="who",
        today=dt.date(2030, 6, 15),
    )
