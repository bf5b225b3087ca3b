"""Reads the parameters of a quantised program, and which convolutions it quantises."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import ArchiveUnreadable, located
from harness.model.fluid.program_desc import float_tensor
from harness.model.layouts.contract import (
    InferenceProgram,
    Stored,
    WeightSource,
    listed,
)
from harness.model.layouts.weights import Arrays, read_weights
from harness.model.networks.functions import NetworkFunction
from harness.model.networks.shapes import NetworkShapes
from harness.model.program.expected_program import ExpectedProgram, demand_program
from harness.model.program.traced_program import (
    ACTIVATION_QUANTISERS,
    INT8_SUFFIX,
    WEIGHT_QUANTISER,
    TracedConv,
    demand_known,
    fake_operators,
    trace_convs,
)
from harness.model.quantised.fluid_names import conv_inputs
from harness.model.quantised.integer_weights import demand_integers
from harness.model.quantised.quantisation import (
    FLOAT_PROGRAM,
    FROZEN,
    Quantisation,
    QuantisedConv,
)
from harness.model.quantised.scales import read_scale


def plain_names(source: WeightSource) -> WeightSource:
    """Return the source with weights held in int8 also under the network's names."""
    held = {name for name in source.stored if name.endswith(INT8_SUFFIX)}
    if source.program is None or not held:
        return source
    also = {
        name.removesuffix(INT8_SUFFIX): Stored(
            name=name.removesuffix(INT8_SUFFIX),
            place=source.stored[name].place,
            read=partial(_as_float, source, name),
        )
        for name in held
    }
    return replace(source, stored={**also, **source.stored})


def read_quantised_program(
    source: WeightSource,
    program: InferenceProgram,
    network: NetworkFunction,
    shapes: NetworkShapes,
    expected: ExpectedProgram,
) -> tuple[Arrays, Quantisation, InferenceProgram]:
    """Read the parameters of a quantised program; integers in float32, as it needs.

    Raises:
        ArchiveUnreadable: it quantises nothing, or in a way that the zoo does not; a
            scale or integer is unsound; or it is not the network's program.
    """
    demand_known(program.operators)
    if not fake_operators(program.operators):
        raise ArchiveUnreadable(
            "the program is not quantised, the row is",
            expected="operators fake_quantize_*",
            got="none",
            next_step="the row may name the wrong archive or strategy",
        )
    weights = read_weights(source, shapes)
    traced = trace_convs(program.operators)
    _demand_every_conv(traced, network)
    scales = {
        one.inputs["InScale"][0]
        for one in program.operators
        if one.kind in ACTIVATION_QUANTISERS
    }
    channels = {one.weight_scale for one in traced if one.weight_scale}
    known = {*shapes.variables, *scales, *channels}
    known |= {one.weights for one in traced}
    demand_program(program, known, expected)
    _demand_saved(program, {*scales, *channels, *(one.weights for one in traced)})
    _demand_weights_quantised(program, {one.weights for one in traced})
    values: dict[str, NDArray[Any]] = {}
    for name in program.parameters:
        plain = name.removesuffix(INT8_SUFFIX)
        values[name] = weights[plain] if plain in weights else source.read(name)
    for conv in traced:
        if conv.weight_scale is not None:
            with located(source.stored[conv.weights].place):
                demand_integers(conv.weights, values[conv.weights])
            with located(source.stored[conv.weight_scale].place):
                _demand_channel_scales(values[conv.weight_scale], values[conv.weights])
    activation_scales = {name: read_scale(source, name) for name in sorted(scales)}
    return values, _quantisation(traced, activation_scales), _held_in_float(program)


def _demand_saved(program: InferenceProgram, names: Collection[str]) -> None:
    """Refuse scales and weights that the program computes: they must be known here."""
    made = sorted(set(names) - set(program.parameters))
    if made:
        raise ArchiveUnreadable(
            "scales and weights that the program makes itself",
            expected="saved ones",
            got=listed(made),
        )


def _demand_weights_quantised(
    program: InferenceProgram, weights: Collection[str]
) -> None:
    """Refuse a weight quantiser of anything else: that has no output channels."""
    for one in program.operators:
        if one.kind != WEIGHT_QUANTISER:
            continue
        (name,) = one.inputs["X"]
        if name not in weights:
            raise ArchiveUnreadable(
                f"{WEIGHT_QUANTISER} of {name}",
                expected="weights of a convolution",
            )


def _demand_every_conv(
    traced: tuple[TracedConv, ...], network: NetworkFunction
) -> None:
    wanted = {one.weights for one in conv_inputs(network)}
    names = {one.weights.removesuffix(INT8_SUFFIX) for one in traced}
    if names != wanted:
        raise ArchiveUnreadable(
            "convolutions of the program",
            expected=f"the {len(wanted)} of the network",
            got=listed(sorted(names ^ wanted)),
        )


def _quantisation(
    traced: tuple[TracedConv, ...], scales: Mapping[str, float]
) -> Quantisation:
    return Quantisation(
        kind=FROZEN if any(one.weight_scale for one in traced) else FLOAT_PROGRAM,
        convs=tuple(
            QuantisedConv(
                weights=conv.weights.removesuffix(INT8_SUFFIX),
                activation=conv.activation,
                activation_scale=scales[conv.activation_scale],
                weight_scale=conv.weight_scale,
            )
            for conv in traced
            if conv.activation is not None and conv.activation_scale is not None
        ),
        float_convs=tuple(one.weights for one in traced if one.activation is None),
    )


def _demand_channel_scales(scales: NDArray[Any], weights: NDArray[Any]) -> None:
    empty = np.abs(weights).max(axis=(1, 2, 3)) == 0  # [O]
    if scales.shape != (len(weights),) or scales.dtype != np.float32:
        raise ArchiveUnreadable(
            "weight scales",
            expected=f"float32 ({len(weights)},), one for each channel",
            got=f"{scales.dtype} {scales.shape}",
        )
    wrong = ~(np.isfinite(scales) & ((scales > 0) | (empty & (scales == 0))))
    if wrong.any():
        place = int(np.argmax(wrong))
        raise ArchiveUnreadable(
            f"weight scale of channel {place}",
            expected="a finite number above 0",
            got=scales[place],
        )


def _held_in_float(program: InferenceProgram) -> InferenceProgram:
    """Return the program with its weights of 8 bits declared as float32.

    Such a program was made to be small, not to be run: no convolution takes int8.
    """
    held = {
        name: float_tensor(name, one.shape, is_persistable=True)
        for name, one in program.desc.variables.items()
        if one.is_persistable and name.endswith(INT8_SUFFIX)
    }
    variables = {**program.desc.variables, **held}
    return replace(program, desc=replace(program.desc, variables=variables))


def _as_float(source: WeightSource, name: str) -> NDArray[Any]:
    return source.read(name).astype(np.float32)
