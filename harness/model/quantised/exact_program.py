"""A quantised program in; the same, rounding as 1.8.5 does on every runtime, out.

Later operators of the same names round half away from zero when the program is an old
one, or half to even without clipping, slowly; and they fail where they quantise weights
(the optimiser runs them before the weights are there). So activations are quantised by
operators of plain arithmetic, and weights here, once.  # zoo-spec 4.5
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.model.layouts.contract import InferenceProgram
from harness.model.program_desc import (
    BLOCKS,
    OPERATORS,
    VARIABLES,
    Operator,
    parse_operator,
    parse_program,
    parse_variable,
)
from harness.model.protobuf_fields import bytes_field, read_fields, rewrite
from harness.model.quantised.eight_bits import (
    QuantisedWeights,
    levels_per_unit,
    quantise_weights,
)
from harness.model.quantised.traced_program import (
    ACTIVATION_QUANTISERS,
    CHANNEL_DEQUANTISER,
    WEIGHT_QUANTISER,
    fake_operators,
)
from harness.model.runtime import NO_FRACTIONS
from harness.model.written_program import operator_bytes, tensor_bytes

Arrays = Mapping[str, NDArray[Any]]

CHANGED = (VARIABLES, OPERATORS)  # what of a block is written anew


def exact_program(
    program: InferenceProgram, weights: Arrays
) -> tuple[InferenceProgram, Arrays]:
    """Return the program and its parameters with the rounding of 1.8.5.

    Args:
        program: any; one without fake-quantise operators stays as it is.
        weights: a value for each of its parameters.
    """
    if not fake_operators(program.operators):
        return program, weights
    change = _Change(weights=weights)
    content = rewrite(memoryview(program.content), (BLOCKS,), change.block)
    desc = parse_program(content)
    parameters = tuple(desc.parameters())
    known = {**weights, **change.folded}
    return (
        replace(
            program,
            content=content,
            operators=desc.operators,
            parameters=parameters,
        ),
        {name: known[name] for name in parameters},
    )


@dataclass(slots=True, kw_only=True)
class _Change:
    """Changes the blocks of a program, and keeps the values that it made of weights."""

    weights: Arrays
    folded: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    _rounded: dict[str, QuantisedWeights] = field(default_factory=dict)

    def block(self, content: memoryview) -> bytes:
        """Return the block with its operators changed, and the variables they need."""
        fields = list(read_fields(content))
        variables: dict[str, bytes] = {}
        for one in fields:
            if one.number == VARIABLES:
                variables[parse_variable(one.message()).name] = bytes(one.message())
        operators: list[bytes] = []
        gone: set[str] = set()
        used: set[str] = set()
        for one in fields:
            if one.number != OPERATORS:
                continue
            operator = parse_operator(one.message())
            if self._fold(operator):
                gone |= _names(operator)
            elif operator.kind in ACTIVATION_QUANTISERS:
                (scale,) = operator.inputs["InScale"]
                steps = _rounding(operator, float(self.weights[scale][0]))
                operators += steps.operators
                variables |= steps.variables(variables[steps.result])
                gone.add(scale)
                used |= {steps.source, steps.result}
            else:
                operators.append(bytes(one.message()))
                used |= _names(operator)
        for name in gone - used:
            variables.pop(name, None)
        for name in self.folded.keys() & used:
            shape = self.folded[name].shape
            variables[name] = tensor_bytes(name, shape, is_persistable=True)
        return b"".join(
            (
                *(bytes(one.raw) for one in fields if one.number not in CHANGED),
                *(bytes_field(VARIABLES, one) for one in variables.values()),
                *(bytes_field(OPERATORS, one) for one in operators),
            )
        )

    def _fold(self, operator: Operator) -> bool:
        """Compute what weights alone go into; tell whether the operator is gone."""
        if operator.kind == WEIGHT_QUANTISER:
            rounded = quantise_weights(self.weights[operator.inputs["X"][0]])
            (name,) = operator.outputs["Out"]
            self._rounded[name] = rounded
            self.folded[name] = rounded.integers
            return True
        if operator.kind == CHANNEL_DEQUANTISER:
            rounded_or_none = self._rounded.get(operator.inputs["X"][0])
            if rounded_or_none is not None:
                self.folded[operator.outputs["Out"][0]] = rounded_or_none.values()
                return True
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steps:
    """Operators that clip and round, and what they make on the way."""

    source: str
    result: str
    operators: tuple[bytes, ...]
    between: tuple[str, ...]

    def variables(self, like: bytes) -> dict[str, bytes]:
        """Return the variables on the way, of the shape of the result."""
        shape = parse_variable(memoryview(like)).shape
        return {
            name: tensor_bytes(name, shape, is_persistable=False)
            for name in self.between
        }


def _rounding(operator: Operator, scale: float) -> _Steps:
    (source,), (result,) = operator.inputs["X"], operator.outputs["Out"]
    levels = float(levels_per_unit(np.asarray(scale, np.float32)))
    names = [f"{result}.{word}" for word in ("clipped", "scaled", "raised")]
    steps: tuple[tuple[str, dict[str, float]], ...] = (
        ("clip", {"min": -scale, "max": scale}),
        ("scale", {"scale": levels, "bias": 0.0}),
        ("scale", {"scale": 1.0, "bias": NO_FRACTIONS}),
        ("scale", {"scale": 1.0, "bias": -NO_FRACTIONS}),
    )
    ways = zip((source, *names), (*names, result), steps, strict=True)
    return _Steps(
        source=source,
        result=result,
        operators=tuple(
            operator_bytes(kind, read, made, attributes)
            for read, made, (kind, attributes) in ways
        ),
        between=tuple(names),
    )


def _names(operator: Operator) -> set[str]:
    sides = (*operator.inputs.values(), *operator.outputs.values())
    return {name for side in sides for name in side}
