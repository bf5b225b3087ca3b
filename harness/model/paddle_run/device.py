"""Opens the wanted device, after proof that it computes."""

from __future__ import annotations

from typing import Any

from harness.model.machine.device import Device, cpu_model, logged, usable_threads
from harness.model.machine.gpu import GpuFramework, demand_gpu
from harness.model.machine.precisions import FLOAT32
from harness.model.paddle_run.precision import (
    cpu_flags,
    demand_precision,
    demand_runtime,
)
from harness.model.paddle_run.runtime import import_paddle

#: ``Device`` too, for those who open one for Paddle alone: training does.
__all__ = ["FRAMEWORK", "Device", "open_device", "use_all_threads"]

FRAMEWORK = GpuFramework(
    name="Paddle",
    code="CUDA",
    build="paddlepaddle-gpu",
    install="install zoo-harness[gpu] in place of zoo-harness[cpu]",
    place="gpu",
    cards="README, 'Which GPUs', says which cards this wheel serves; "
    "--runtime torch serves newer ones",
)


def open_device(*, gpu: bool, precision: str = FLOAT32) -> Device:
    """Return the device, after one convolution on it when it is a GPU.

    A GPU wheel on a machine without a GPU computes on the CPU with only a warning. A
    run with ``--gpu`` must end instead.

    Args:
        gpu: whether a GPU shall compute.
        precision: what it shall compute in; of ``PRECISIONS``.

    Raises:
        DeviceMissing: Paddle is not installed, has no CUDA, sees no device, or the
            convolution fails or runs elsewhere. Or the precision is not computed here.
    """
    instructions = demand_precision(precision, gpu=gpu, flags=cpu_flags())
    paddle = import_paddle()
    if not gpu:
        demand_runtime(precision, str(paddle.__version__))
        paddle.set_device("cpu")
        return logged(
            Device(
                kind="cpu",
                model=cpu_model(),
                threads=usable_threads(),
                precision=precision,
                instructions=instructions,
            )
        )
    demand_gpu(
        FRAMEWORK,
        has_code=paddle.is_compiled_with_cuda(),
        device_count=lambda: int(paddle.device.cuda.device_count()),
        convolve=lambda: _convolve_on_gpu(paddle),
    )
    name = str(paddle.device.cuda.get_device_name(0))
    return logged(Device(kind="gpu", model=name, threads=usable_threads()))


def _convolve_on_gpu(paddle: Any) -> str:
    paddle.set_device("gpu:0")
    x = paddle.ones([1, 3, 8, 8])
    y = paddle.nn.functional.conv2d(x, paddle.ones([4, 3, 3, 3]))
    if float(y.sum()) != 4 * 6 * 6 * 27:
        raise ArithmeticError(f"sum of the result is {float(y.sum())}, not 3888")
    return str(y.place)


def use_all_threads() -> None:
    """Let Paddle compute on every thread that this process may use.

    A predictor sets the count for the whole process. Without this, a training would
    compute on other threads, and so to other bits, after its first evaluation.
    """
    import_paddle().base.core.set_num_threads(usable_threads())
