"""Opens the wanted device for torch, after proof that it computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.errors import DeviceMissing
from harness.model.machine.device import Device, cpu_model, logged, usable_threads
from harness.model.machine.precisions import FLOAT32
from harness.model.torch_run.runtime import ARITHMETIC, import_torch, library_versions
from harness.values.runtimes import TORCH


def open_device(*, gpu: bool, precision: str = FLOAT32) -> Device:
    """Return the device, after one convolution on it when it is a GPU.

    Args:
        gpu: whether a GPU shall compute, of CUDA or ROCm: torch calls both "cuda".
        precision: what it shall compute in; other than float32 is Paddle's.

    Raises:
        DeviceMissing: torch is not installed, is built for no GPU, sees no device, or
            the convolution fails or runs elsewhere. Or another precision is asked for.
    """
    if precision != FLOAT32:
        raise DeviceMissing(
            f"--precision {precision} with --runtime torch",
            expected=FLOAT32,
            next_step="drop --runtime or --precision: Paddle computes in it",
        )
    torch = import_torch()
    threads = usable_threads()
    torch.set_num_threads(threads)
    if gpu:
        demand_gpu(
            has_gpu_code=torch.version.cuda is not None
            or torch.version.hip is not None,
            device_count=lambda: int(torch.cuda.device_count()),
            convolve=lambda: _convolve_on_gpu(torch),
        )
    return logged(
        Device(
            kind="gpu" if gpu else "cpu",
            model=str(torch.cuda.get_device_name(0)) if gpu else cpu_model(),
            threads=threads,
            optimise=False,
            runtime=TORCH,
            libraries=library_versions(torch, gpu=gpu),
            arithmetic=ARITHMETIC,
        )
    )


def demand_gpu(
    *, has_gpu_code: bool, device_count: Callable[[], int], convolve: Callable[[], str]
) -> None:
    """Refuse unless a convolution really ran on a GPU.

    Args:
        has_gpu_code: this torch was built with CUDA or ROCm.
        device_count: says how many devices it sees.
        convolve: runs one convolution on device 0 and returns where its result lies.

    Raises:
        DeviceMissing: any of them says no.
    """
    if not has_gpu_code:
        raise DeviceMissing(
            "--gpu: this torch was built without CUDA and ROCm",
            expected="the torch of the package index",
            next_step="install zoo-harness[torch] in an environment of its own",
        )
    count = device_count()
    if count < 1:
        raise DeviceMissing(
            "--gpu: torch sees no GPU",
            expected="1 device or more",
            got=count,
            next_step="check nvidia-smi and CUDA_VISIBLE_DEVICES, or drop --gpu",
        )
    try:
        place = convolve()
    except Exception as error:  # whatever a driver raises means no
        words = str(error).strip().partition("\n")[0]
        raise DeviceMissing(
            "--gpu: one convolution on the GPU failed",
            got=f"{type(error).__name__}: {words}",
            next_step="README, 'Which GPUs', says which cards this torch serves",
        ) from error
    if "cuda" not in place:
        raise DeviceMissing(
            "--gpu: the convolution ran elsewhere", expected="a GPU", got=place
        )


def _convolve_on_gpu(torch: Any) -> str:
    x = torch.ones([1, 3, 8, 8], device="cuda:0")
    y = torch.nn.functional.conv2d(x, torch.ones([4, 3, 3, 3], device="cuda:0"))
    if float(y.sum()) != 4 * 6 * 6 * 27:
        raise ArithmeticError(f"sum of the result is {float(y.sum())}, not 3888")
    return str(y.device)
