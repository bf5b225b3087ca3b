"""When ``--gpu`` is refused, by either framework; neither is needed for that."""

import re

import pytest

from harness.errors import DeviceMissing
from harness.model.machine.gpu import demand_gpu
from harness.model.paddle_run.device import FRAMEWORK as PADDLE
from harness.model.torch_run.device import FRAMEWORK as TORCH

#: Framework -> a result on its GPU, a build without one, and the cards it serves.
TOLD = {
    PADDLE: (
        "Place(gpu:0)",
        (
            "--gpu: this Paddle was built without CUDA; expected paddlepaddle-gpu; "
            "install zoo-harness[gpu] in place of zoo-harness[cpu]"
        ),
        (
            "README, 'Which GPUs', says which cards this wheel serves; "
            "--runtime torch serves newer ones"
        ),
    ),
    TORCH: (
        "cuda:0",
        (
            "--gpu: this torch was built without CUDA and ROCm; expected the torch of "
            "the package index; install zoo-harness[torch] in an environment of its own"
        ),
        "README, 'Which GPUs', says which cards this torch serves",
    ),
}
FRAMEWORKS = pytest.mark.parametrize("framework", TOLD, ids=["paddle", "torch"])


def never():
    raise AssertionError("asked too early")


def fail(error):
    raise error


def refused(told):
    return pytest.raises(DeviceMissing, match=f"^{re.escape(told)}$")


@FRAMEWORKS
def test_a_gpu_that_convolves_is_accepted(framework):
    place, _, _ = TOLD[framework]
    demand_gpu(framework, has_code=True, device_count=lambda: 1, convolve=lambda: place)


@FRAMEWORKS
def test_a_build_without_gpu_code_is_refused_before_anything_else(framework):
    _, without_code, _ = TOLD[framework]
    with refused(without_code):
        demand_gpu(framework, has_code=False, device_count=never, convolve=never)


@FRAMEWORKS
def test_a_machine_without_a_gpu_is_refused(framework):
    with refused(
        f"--gpu: {framework.name} sees no GPU; expected 1 device or more, got 0; "
        "check nvidia-smi and CUDA_VISIBLE_DEVICES, or drop --gpu"
    ):
        demand_gpu(framework, has_code=True, device_count=lambda: 0, convolve=never)


@FRAMEWORKS
@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("no kernel image\nC++ call stack"), "no kernel image"),
        (OSError("\n\n  no kernel image\n----"), "no kernel image"),
        (RuntimeError("no kernel image"), "no kernel image"),
        (MemoryError(), ""),
    ],
)
def test_a_convolution_that_fails_is_a_refusal_with_the_drivers_words(
    framework, error, words
):
    _, _, cards = TOLD[framework]
    with refused(
        "--gpu: one convolution on the GPU failed; "
        f"got {type(error).__name__}: {words}; {cards}"
    ) as told:
        demand_gpu(
            framework,
            has_code=True,
            device_count=lambda: 1,
            convolve=lambda: fail(error),
        )
    assert told.value.__cause__ is error  # its traceback survives


@FRAMEWORKS
@pytest.mark.parametrize("place", ["cpu", "Place(cpu)"])
def test_a_convolution_that_ran_on_the_cpu_is_refused(framework, place):
    with refused(f"--gpu: the convolution ran elsewhere; expected a GPU, got {place}"):
        demand_gpu(
            framework, has_code=True, device_count=lambda: 1, convolve=lambda: place
        )
