"""The real GPU wheel where there is no GPU: it must refuse, not compute on the CPU.

Runs under ``tox -e gpu-refusal``; elsewhere the wheel is not installed.
"""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


def has_gpu_wheel() -> bool:
    names = {one.metadata["Name"] for one in importlib.metadata.distributions()}
    return "paddlepaddle-gpu" in names


pytestmark = pytest.mark.skipif(
    not has_gpu_wheel(), reason="needs paddlepaddle-gpu: tox -e gpu-refusal"
)


def test_gpu_option_refuses_to_start_where_there_is_no_gpu() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "coco", "--gpu"],
        cwd=CHECKOUT,
        env={"CUDA_VISIBLE_DEVICES": "", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--gpu: Paddle sees no GPU; expected 1 device or more, got 0" in done.stderr


def test_the_same_wheel_would_have_computed_on_the_cpu_without_a_word() -> None:
    code = (
        "import zlib, paddle\n"
        "y = paddle.nn.functional.relu(paddle.ones([2]))\n"
        "print(paddle.is_compiled_with_cuda(), y.place)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"CUDA_VISIBLE_DEVICES": "", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == ["True", "Place(cpu)"]
