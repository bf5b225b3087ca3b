"""Refuses ``--gpu`` unless a GPU really computed, whichever framework runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.errors import DeviceMissing


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuFramework:
    """What the refusals say of a framework."""

    name: str  # "Paddle"
    code: str  # what it was to be built with: "CUDA"
    build: str  # that has it
    install: str  # how to get that
    place: str  # stands in what it calls the place of a result on a GPU
    cards: str  # where the cards are told that it serves


def demand_gpu(
    framework: GpuFramework,
    *,
    has_code: bool,
    device_count: Callable[[], int],
    convolve: Callable[[], str],
) -> None:
    """Refuse unless a convolution really ran on a GPU.

    Args:
        framework: that was asked.
        has_code: it was built with code for a GPU.
        device_count: says how many devices it sees.
        convolve: runs one convolution on device 0 and returns the place of its result.

    Raises:
        DeviceMissing: any of them says no.
    """
    if not has_code:
        raise DeviceMissing(
            f"--gpu: this {framework.name} was built without {framework.code}",
            expected=framework.build,
            next_step=framework.install,
        )
    count = device_count()
    if count < 1:
        raise DeviceMissing(
            f"--gpu: {framework.name} sees no GPU",
            expected="1 device or more",
            got=count,
            next_step="check nvidia-smi and CUDA_VISIBLE_DEVICES, or drop --gpu",
        )
    try:
        place = convolve()
    except Exception as error:  # whatever a driver raises means no
        raise DeviceMissing(
            "--gpu: one convolution on the GPU failed",
            got=f"{type(error).__name__}: {_first_words(error)}",
            next_step=framework.cards,
        ) from error
    if framework.place not in place.lower():
        raise DeviceMissing(
            "--gpu: the convolution ran elsewhere", expected="a GPU", got=place
        )


def _first_words(error: Exception) -> str:
    # A message may begin with an empty line; a call stack follows it.
    lines = (line.strip() for line in str(error).splitlines())
    return next((line for line in lines if line), "")
