"""Traces which convolutions a program quantises, and by which scales."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.errors import ArchiveUnreadable
from harness.model.fluid.program_desc import Operator
from harness.model.layouts.contract import listed

FAKE = "fake_"
#: Activations, by a scale that is saved with the program: aware rows, post rows.
ACTIVATION_QUANTISERS = (
    "fake_quantize_moving_average_abs_max",
    "fake_quantize_range_abs_max",
)
WEIGHT_QUANTISER = "fake_channel_wise_quantize_abs_max"
DEQUANTISER = "fake_dequantize_max_abs"
CHANNEL_DEQUANTISER = "fake_channel_wise_dequantize_max_abs"
KNOWN = (*ACTIVATION_QUANTISERS, WEIGHT_QUANTISER, DEQUANTISER, CHANNEL_DEQUANTISER)

CONVOLUTIONS = ("conv2d", "depthwise_conv2d")
INT8_SUFFIX = ".int8"  # after the name of weights that are held in 8 bits
BITS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedConv:
    """A plain convolution of a program; without an activation it is in float."""

    weights: str  # parameter of the program
    activation: str | None
    activation_scale: str | None  # parameter
    weight_scale: str | None  # parameter, beside integer weights


def fake_operators(operators: Iterable[Operator]) -> list[Operator]:
    """Return the operators that quantise or dequantise."""
    return [one for one in operators if one.kind.startswith(FAKE)]


def demand_known(operators: Iterable[Operator]) -> None:
    """Refuse what none of the zoo's quantisations makes.

    Raises:
        ArchiveUnreadable: another such operator, or other than 8 bits; it is named.
    """
    for operator in fake_operators(operators):
        if operator.kind not in KNOWN:
            raise ArchiveUnreadable(
                f"operator {operator.kind} of the program", expected=" | ".join(KNOWN)
            )
        words = operator.attributes
        bits = words.get("quant_bits", words.get("bit_length", BITS))
        several = bits if isinstance(bits, tuple) else (bits,)
        if set(several) != {BITS}:
            raise ArchiveUnreadable(
                f"{operator.kind} of the program: bits", expected=BITS, got=bits
            )


def trace_convs(operators: Sequence[Operator]) -> tuple[TracedConv, ...]:
    """Return the plain convolutions of a program, in its order.

    Raises:
        ArchiveUnreadable: a convolution is quantised in part, or dequantised by another
            scale than it was quantised by; it is named.
    """
    made_by = {
        name: operator
        for operator in operators
        for names in operator.outputs.values()
        for name in names
        # the scale comes out of the operator that it goes into, unchanged
        if name not in operator.inputs.get("InScale", ())
    }
    read_by: dict[str, list[Operator]] = {}
    for one in fake_operators(operators):
        read_by.setdefault(one.inputs["X"][0], []).append(one)
    return tuple(
        _trace(one, made_by, read_by) for one in operators if one.kind in CONVOLUTIONS
    )


def _trace(
    conv: Operator,
    made_by: Mapping[str, Operator],
    read_by: Mapping[str, Sequence[Operator]],
) -> TracedConv:
    (read,), (weights,) = conv.inputs["Input"], conv.inputs["Filter"]
    (output,) = conv.outputs["Output"]
    after = [one for one in read_by.get(output, ()) if one.kind == CHANNEL_DEQUANTISER]
    quantiser, is_integer = _quantiser_of(read, made_by)
    name, is_itself = _parameter_of(weights, made_by)
    if quantiser is None and is_itself and not after:
        return TracedConv(
            weights=name, activation=None, activation_scale=None, weight_scale=None
        )
    is_simulated = not is_integer and not is_itself and not after
    is_frozen = is_integer and is_itself and len(after) == 1
    if quantiser is None or not (is_simulated or is_frozen):
        raise ArchiveUnreadable(
            f"the program quantises a part of the convolution of {name}",
            expected="what it reads and its weights, or neither",
        )
    (scale,) = quantiser.inputs["InScale"]
    weight_scale = None
    if is_frozen:
        scales = after[0].inputs["Scales"]
        if len(scales) != 2 or scales[1] != scale:
            raise ArchiveUnreadable(
                f"the program dequantises what {name} gives by other scales",
                expected=f"those of its channels, and {scale}",
                got=listed(scales),
            )
        weight_scale = scales[0]
    return TracedConv(
        weights=name,
        activation=quantiser.inputs["X"][0],
        activation_scale=scale,
        weight_scale=weight_scale,
    )


def _quantiser_of(
    name: str, made_by: Mapping[str, Operator]
) -> tuple[Operator | None, bool]:
    """Return what quantised a value, and whether the value is still integers."""
    is_integer = True
    for _ in made_by:
        maker = made_by.get(name)
        if maker is not None and maker.kind in ACTIVATION_QUANTISERS:
            return maker, is_integer
        if maker is None or maker.kind != DEQUANTISER:
            return None, False
        (name,), is_integer = maker.inputs["X"], False
    raise _made_of_itself(name)


def _parameter_of(name: str, made_by: Mapping[str, Operator]) -> tuple[str, bool]:
    """Return the parameter behind a filter, and whether the filter is the parameter."""
    is_itself = True
    for _ in made_by:
        maker = made_by.get(name)
        if maker is None or maker.kind not in (WEIGHT_QUANTISER, CHANNEL_DEQUANTISER):
            return name, is_itself
        (name,), is_itself = maker.inputs["X"], False
    raise _made_of_itself(name)


def _made_of_itself(name: str) -> ArchiveUnreadable:
    return ArchiveUnreadable(
        f"the program quantises {name} in place",
        expected="a variable of its own for each value",
    )
