"""Rewrites a quantised program so that it rounds as 1.8.5 does on every runtime.

Later operators of the same names round half away from zero in an old program, or half
to even without clipping, slowly. Where they quantise weights they fail, because the
optimiser runs them before the weights are there. So activations are quantised by
operators of plain arithmetic, and weights here, once.  # zoo-spec 4.5
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.model.fluid.program_desc import (
    Operator,
    ProgramDesc,
    ProgramVariable,
    float_operator,
    float_tensor,
)
from harness.model.layouts.contract import InferenceProgram
from harness.model.networks.eight_bits import (
    QuantisedWeights,
    levels_per_unit,
    quantise_weights,
)
from harness.model.paddle_run.runtime import NO_FRACTIONS
from harness.model.program.traced_program import (
    ACTIVATION_QUANTISERS,
    CHANNEL_DEQUANTISER,
    WEIGHT_QUANTISER,
    fake_operators,
)

Arrays = Mapping[str, NDArray[Any]]


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
    exact = replace(program, desc=change.program(program.desc))
    known = {**weights, **change.folded}
    return exact, {name: known[name] for name in exact.parameters}


@dataclass(slots=True, kw_only=True)
class _Change:
    """Changes the operators of a program, and keeps the values made of weights."""

    weights: Arrays
    folded: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    _rounded: dict[str, QuantisedWeights] = field(default_factory=dict)

    def program(self, desc: ProgramDesc) -> ProgramDesc:
        """Return the program with its operators changed and their variables."""
        variables = dict(desc.variables)
        operators: list[Operator] = []
        gone: set[str] = set()
        used: set[str] = set()
        for operator in desc.operators:
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
                operators.append(operator)
                used |= _names(operator)
        for name in gone - used:
            variables.pop(name, None)
        for name in self.folded.keys() & used:
            shape = self.folded[name].shape
            variables[name] = float_tensor(name, shape, is_persistable=True)
        return replace(desc, variables=variables, operators=tuple(operators))

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
    operators: tuple[Operator, ...]
    between: tuple[str, ...]

    def variables(self, like: ProgramVariable) -> dict[str, ProgramVariable]:
        """Return the variables on the way, of the shape of the result."""
        return {
            name: float_tensor(name, like.shape, is_persistable=False)
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
            float_operator(kind, read, made, attributes)
            for read, made, (kind, attributes) in ways
        ),
        between=tuple(names),
    )


def _names(operator: Operator) -> set[str]:
    sides = (*operator.inputs.values(), *operator.outputs.values())
    return {name for side in sides for name in side}
