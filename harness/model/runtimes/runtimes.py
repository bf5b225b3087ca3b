"""Says what a runtime is, from its device to its heads: one entry each.

An entry imports its framework when it is asked to compute, not before: one process
imports one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from harness.model.machine.device import Device
from harness.model.machine.precisions import FLOAT32
from harness.model.networks.functions import HeadsFunction, NetworkFunction
from harness.model.paddle_run import device as paddle_device
from harness.model.paddle_run.distribution import paddle_version
from harness.model.paddle_run.heads import graph_heads
from harness.model.torch_run import device as torch_device
from harness.model.torch_run.heads import torch_heads
from harness.model.torch_run.runtime import torch_version
from harness.values.runtimes import NO_PADDLE, PADDLE, TORCH

#: Of a network, a value for each of its variables, and an opened device.
OpenHeads = Callable[
    [NetworkFunction, Mapping[str, NDArray[Any]], Device], HeadsFunction
]


class OpenDevice(Protocol):
    """Opens a device, after proof that it computes."""

    def __call__(self, *, gpu: bool, precision: str = FLOAT32) -> Device:
        """Return it.

        Raises:
            DeviceMissing: it does not compute, or not in that precision.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """What measures with one framework."""

    open_device: OpenDevice
    open_heads: OpenHeads
    runs_programs: bool  # as they are; otherwise by our network, where it pairs
    #: Distribution and version of Paddle, as records have always had it.
    paddle: Callable[[], str]
    #: Distributions and versions of another framework; "" for Paddle.
    version: Callable[[], str]


#: Word of an option -> what it means.
RUNTIMES: Mapping[str, Runtime] = {
    PADDLE: Runtime(
        open_device=paddle_device.open_device,
        open_heads=graph_heads,
        runs_programs=True,
        paddle=paddle_version,
        version=lambda: "",
    ),
    TORCH: Runtime(
        open_device=torch_device.open_device,
        open_heads=torch_heads,
        runs_programs=False,
        paddle=lambda: NO_PADDLE,
        version=torch_version,
    ),
}


def open_device(runtime: str, *, gpu: bool, precision: str = FLOAT32) -> Device:
    """Return the device of a runtime, after one convolution on it when it is a GPU.

    Args:
        runtime: key of ``RUNTIMES``.
        gpu: whether a GPU shall compute.
        precision: what it shall compute in; of ``PRECISIONS``.

    Raises:
        DeviceMissing: the runtime is not installed, or the device or the precision is
            not to be had.
    """
    return RUNTIMES[runtime].open_device(gpu=gpu, precision=precision)


def runtime_of(device: Device) -> Runtime:
    """Return what a device was opened for."""
    return RUNTIMES[device.runtime]
