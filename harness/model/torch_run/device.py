"""Opens the wanted device for torch, after proof that it computes."""

from __future__ import annotations

from typing import Any

from harness.errors import DeviceMissing
from harness.model.machine.device import Device, cpu_model, logged, usable_threads
from harness.model.machine.gpu import GpuFramework, demand_gpu
from harness.model.machine.precisions import FLOAT32
from harness.model.torch_run.runtime import ARITHMETIC, import_torch, library_versions
from harness.values.runtimes import TORCH

FRAMEWORK = GpuFramework(
    name="torch",
    code="CUDA and ROCm",
    build="the torch of the package index",
    install="install zoo-harness[torch] in an environment of its own",
    place="cuda",  # of ROCm too
    cards="README, 'Which GPUs', says which cards this torch serves",
)


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
            FRAMEWORK,
            has_code=torch.version.cuda is not None or torch.version.hip is not None,
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


def _convolve_on_gpu(torch: Any) -> str:
    x = torch.ones([1, 3, 8, 8], device="cuda:0")
    y = torch.nn.functional.conv2d(x, torch.ones([4, 3, 3, 3], device="cuda:0"))
    if float(y.sum()) != 4 * 6 * 6 * 27:
        raise ArithmeticError(f"sum of the result is {float(y.sum())}, not 3888")
    return str(y.device)
