"""Decides whether a precision can be computed here, and asks Paddle for it.

A published number is judged in float32 alone. Other precisions are information about a
deployment (decision 0011).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from harness.errors import ArchiveUnreadable, DeviceMissing
from harness.model.fluid.program_desc import parse_program
from harness.model.machine.precisions import BF16, FLOAT32, INT8

#: Precision -> what computes it, by the names of the kernel, the fastest first. Without
#: any, oneDNN imitates bf16, and adds up int8 in 16 bits, which overflow; Paddle itself
#: goes on in float32 on a processor without AVX-512. None of that is a deployment.
INSTRUCTIONS: Mapping[str, tuple[str, ...]] = {
    FLOAT32: (),
    BF16: ("amx_bf16", "avx512_bf16"),
    INT8: ("amx_int8", "avx512_vnni", "avx_vnni"),
}

#: Operators that Paddle's int8 passes take scales from.  # decision 0011
SCALE_OPERATORS = frozenset(
    {
        "fake_quantize_moving_average_abs_max",
        "fake_quantize_range_abs_max",
        "fake_quantize_dequantize_moving_average_abs_max",
    }
)


def demand_precision(
    precision: str, *, gpu: bool, flags: Collection[str]
) -> tuple[str, ...]:
    """Return the instructions that compute in a precision; none of note for float32.

    Args:
        precision: one of ``PRECISIONS``.
        gpu: whether a GPU computes.
        flags: what the processor has.

    Raises:
        DeviceMissing: it cannot be computed here.
    """
    if precision == FLOAT32:
        return ()
    if gpu:
        raise DeviceMissing(
            f"--precision {precision} on the GPU",
            expected="the processor",
            next_step="drop --gpu or --precision",
        )
    usable = tuple(one for one in INSTRUCTIONS[precision] if one in flags)
    if not usable:
        raise DeviceMissing(
            f"--precision {precision}: this processor does not compute in it",
            expected=f"one of {', '.join(INSTRUCTIONS[precision])}",
            got="none of them",
            next_step="drop --precision",
        )
    return usable


def demand_runtime(precision: str, version: str) -> None:
    """Refuse bf16 of a Paddle that cannot compute our graphs in it.

    3.3.1 ends in ``elementwise_add`` of a bias that its own export made bfloat16.

    Raises:
        DeviceMissing: it is bf16, and Paddle is not 2.x.
    """
    if precision == BF16 and not version.startswith("2."):
        raise DeviceMissing(
            "--precision bf16",
            expected="Paddle 2.6",
            got=f"Paddle {version}, which fails at the sum of bfloat16 and float32",
            next_step="install zoo-harness[cpu]",
        )


def demand_strategy(precision: str, strategy: str) -> None:
    """Refuse a row that is not deployed in that precision.

    Raises:
        DeviceMissing: int8 of a float row, which has no scales, or bf16 of a quantised
            one.
    """
    is_quantised = strategy.startswith("quant")
    if precision == INT8 and not is_quantised:
        raise DeviceMissing(
            f"--precision int8 of a float row ({strategy})",
            expected="a quantised row, which brings the scales along",
            next_step="ask for bf16",
        )
    if precision == BF16 and is_quantised:
        raise DeviceMissing(
            f"--precision bf16 of a quantised row ({strategy})",
            expected="a float row",
            next_step="ask for int8",
        )


def demand_scales(program: bytes, precision: str) -> None:
    """Refuse a program that cannot be computed in a precision.

    Args:
        program: serialised, in the old form.
        precision: one of ``PRECISIONS``.

    Raises:
        ArchiveUnreadable: int8, and the program says no scale: Paddle would go on in
            float32 without a word.
    """
    if precision != INT8:
        return
    kinds = {one.kind for one in parse_program(program).operators}
    if not kinds & SCALE_OPERATORS:
        raise ArchiveUnreadable(
            "no scale of an activation in the program",
            expected=f"one of {', '.join(sorted(SCALE_OPERATORS))}",
            next_step="--precision int8 is for quantised rows",
        )


def ask_for(config: Any, precision: str) -> None:
    """Tell Paddle Inference to compute with oneDNN in a precision.

    Args:
        config: Paddle Inference's; oneDNN is on.
        precision: one of ``PRECISIONS``.
    """
    if precision == BF16:
        config.enable_mkldnn_bfloat16()
    if precision == INT8:
        config.enable_mkldnn_int8()


def cpu_flags(info: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """Return what the processor has, by the kernel's words; none where it tells none.

    Args:
        info: what Linux tells of its processors.
    """
    if not info.exists():
        return frozenset()
    for line in info.read_text(encoding="utf-8").splitlines():
        name, _, flags = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return frozenset(flags.split())
    return frozenset()
