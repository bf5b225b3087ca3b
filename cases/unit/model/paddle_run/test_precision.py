"""What may be asked for, and of which processor, row and program."""

from __future__ import annotations

import pytest

from harness.errors import ArchiveUnreadable, DeviceMissing
from harness.model.fluid.program_desc import parse_program
from harness.model.machine.precisions import PRECISIONS
from harness.model.paddle_run.graph import build_graph, serialise
from harness.model.paddle_run.int8_ops import FAKE_QUANTISER, Int8Ops
from harness.model.paddle_run.precision import (
    INSTRUCTIONS,
    SCALE_OPERATORS,
    ask_for,
    cpu_flags,
    demand_precision,
    demand_runtime,
    demand_scales,
    demand_strategy,
)
from harness.model.paddle_run.precision_time import in_drawn_scales


class Asked:
    """Paddle Inference's configuration, as far as it is asked."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def enable_mkldnn_bfloat16(self) -> None:
        self.calls.append("bf16")

    def enable_mkldnn_int8(self) -> None:
        self.calls.append("int8")


def test_every_precision_says_what_computes_it() -> None:
    assert tuple(INSTRUCTIONS) == PRECISIONS
    assert [word for word in PRECISIONS if not INSTRUCTIONS[word]] == ["float32"]


@pytest.mark.parametrize("gpu", [True, False])
def test_float32_is_computed_everywhere(gpu: bool) -> None:
    assert demand_precision("float32", gpu=gpu, flags=()) == ()


def test_the_instructions_are_told_the_fastest_first() -> None:
    flags = {"sse2", "avx512_bf16", "amx_bf16", "avx_vnni"}

    assert demand_precision("bf16", gpu=False, flags=flags) == (
        "amx_bf16",
        "avx512_bf16",
    )
    assert demand_precision("int8", gpu=False, flags=flags) == ("avx_vnni",)


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_a_processor_that_would_imitate_is_refused(precision: str) -> None:
    with pytest.raises(
        DeviceMissing,
        match=f"^--precision {precision}: this processor does not compute in it; "
        f"expected one of {', '.join(INSTRUCTIONS[precision])}, got none of them; "
        "drop --precision$",
    ):
        demand_precision(precision, gpu=False, flags={"avx512f", "avx2"})


def test_a_gpu_is_asked_for_float32_alone() -> None:
    with pytest.raises(
        DeviceMissing,
        match=r"^--precision bf16 on the GPU; expected the processor; "
        "drop --gpu or --precision$",
    ):
        demand_precision("bf16", gpu=True, flags={"amx_bf16"})


@pytest.mark.parametrize(
    ("precision", "strategy"),
    [
        ("float32", "quant_post"),
        ("float32", "baseline"),
        ("bf16", "prune_r578"),
        ("int8", "quant_aware"),
    ],
)
def test_a_row_is_asked_for_what_it_is_deployed_in(
    precision: str, strategy: str
) -> None:
    demand_strategy(precision, strategy)


def test_bf16_is_refused_of_a_paddle_that_fails_at_it() -> None:
    demand_runtime("bf16", "2.6.2")
    demand_runtime("int8", "3.3.1")

    with pytest.raises(
        DeviceMissing,
        match=r"^--precision bf16; expected Paddle 2\.6, got Paddle 3\.3\.1, which "
        r"fails at the sum of bfloat16 and float32; install zoo-harness\[cpu\]$",
    ):
        demand_runtime("bf16", "3.3.1")


def test_a_float_row_has_no_int8() -> None:
    with pytest.raises(
        DeviceMissing,
        match=r"^--precision int8 of a float row \(distill_l2\); expected a quantised "
        "row, which brings the scales along; ask for bf16$",
    ):
        demand_strategy("int8", "distill_l2")


def test_a_quantised_row_has_no_bf16() -> None:
    with pytest.raises(
        DeviceMissing,
        match=r"^--precision bf16 of a quantised row \(quant_post\); expected a float "
        "row; ask for int8$",
    ):
        demand_strategy("bf16", "quant_post")


@pytest.mark.parametrize(
    ("precision", "calls"), [("float32", []), ("bf16", ["bf16"]), ("int8", ["int8"])]
)
def test_paddle_is_asked_for_the_precision_and_no_other(
    precision: str, calls: list[str]
) -> None:
    config = Asked()
    ask_for(config, precision)

    assert config.calls == calls


@pytest.fixture(scope="module")
def rounded(tiny_network) -> bytes:
    """A program with its rounding, as the graph for int8 has it."""
    return serialise(build_graph(in_drawn_scales(tiny_network), ops=Int8Ops))


def test_a_program_is_asked_for_scales_for_int8_alone(tiny_network, rounded) -> None:
    unrounded = serialise(build_graph(tiny_network))

    demand_scales(rounded, "int8")
    demand_scales(unrounded, "float32")
    demand_scales(unrounded, "bf16")


def test_int8_of_a_program_without_scales_is_no_silent_float32(tiny_network) -> None:
    program = serialise(build_graph(tiny_network))

    with pytest.raises(
        ArchiveUnreadable,
        match="^no scale of an activation in the program; expected one of "
        f"{', '.join(sorted(SCALE_OPERATORS))}; "
        "--precision int8 is for quantised rows$",
    ):
        demand_scales(program, "int8")


def test_every_plain_convolution_but_the_outputs_reads_rounded_values(
    rounded: bytes,
) -> None:
    operators = parse_program(rounded).operators
    made = {
        name
        for one in operators
        if one.kind == FAKE_QUANTISER
        for name in one.outputs["Out"]
    }
    plain = {
        one.inputs["Filter"][0]
        for one in operators
        if one.kind in ("conv2d", "depthwise_conv2d")
        and one.inputs["Input"][0] not in made
    }

    assert made
    assert plain == {f"yolo_output.{place}.conv.weights" for place in range(3)}


def test_the_flags_of_the_processor_are_read(tmp_path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text(
        "processor\t: 0\nflags\t\t: fpu amx_bf16 avx512_bf16\nprocessor : 1\n",
        encoding="utf-8",
    )

    assert cpu_flags(info) == {"fpu", "amx_bf16", "avx512_bf16"}


def test_no_flags_are_known_where_the_system_tells_none(tmp_path) -> None:
    (tmp_path / "empty").write_text("model name\t: x\n", encoding="utf-8")

    assert cpu_flags(tmp_path / "empty") == cpu_flags(tmp_path / "none") == frozenset()
