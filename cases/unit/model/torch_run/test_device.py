"""When torch is refused a GPU; no torch is needed for that."""

import pytest

from harness.errors import DeviceMissing
from harness.model.torch_run import device as device_module
from harness.model.torch_run.device import demand_gpu, open_device


def never():
    raise AssertionError("asked too early")


def fail(error):
    raise error


def test_a_gpu_that_convolves_is_accepted():
    demand_gpu(has_gpu_code=True, device_count=lambda: 1, convolve=lambda: "cuda:0")


def test_a_build_without_gpu_code_is_refused_before_anything_else():
    with pytest.raises(
        DeviceMissing,
        match="^--gpu: this torch was built without CUDA and ROCm; expected the torch "
        r"of the package index; install zoo-harness\[torch\] in an environment",
    ):
        demand_gpu(has_gpu_code=False, device_count=never, convolve=never)


def test_a_machine_without_a_gpu_is_refused():
    with pytest.raises(
        DeviceMissing,
        match=r"^--gpu: torch sees no GPU; expected 1 device or more, got 0; "
        r"check nvidia-smi and CUDA_VISIBLE_DEVICES, or drop --gpu$",
    ):
        demand_gpu(has_gpu_code=True, device_count=lambda: 0, convolve=never)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("no kernel image is available\nCompile with TORCH_USE_CUDA_DSA"),
        OSError("\n\n  no kernel image is available\n----"),
    ],
)
def test_a_convolution_that_fails_is_a_refusal_with_the_drivers_words(error):
    with pytest.raises(
        DeviceMissing,
        match=f"^--gpu: one convolution on the GPU failed; got {type(error).__name__}: "
        "no kernel image is available; README, 'Which GPUs', says which cards this "
        "torch serves$",
    ):
        demand_gpu(
            has_gpu_code=True, device_count=lambda: 1, convolve=lambda: fail(error)
        )


def test_a_convolution_that_ran_on_the_cpu_is_refused():
    with pytest.raises(
        DeviceMissing,
        match=r"^--gpu: the convolution ran elsewhere; expected a GPU, got cpu$",
    ):
        demand_gpu(has_gpu_code=True, device_count=lambda: 1, convolve=lambda: "cpu")


@pytest.mark.parametrize("gpu", [False, True])
@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_another_precision_than_float32_is_refused_before_torch(
    monkeypatch, gpu, precision
):
    monkeypatch.setattr(device_module, "import_torch", never)

    with pytest.raises(
        DeviceMissing,
        match=f"^--precision {precision} with --runtime torch; expected float32; "
        "drop --runtime or --precision: Paddle computes in it$",
    ):
        open_device(gpu=gpu, precision=precision)
