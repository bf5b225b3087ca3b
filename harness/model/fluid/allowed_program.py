"""Refuses a program with any operator but those of the zoo's detectors.

Every way to open a program passes :func:`demand_allowed`. Only the program that it
returns is written anew and run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from harness.errors import ArchiveUnreadable, located
from harness.model.fluid.attribute_rules import AttributeRule
from harness.model.fluid.operator_hints import HINTS, LEFT_OUT
from harness.model.fluid.operator_rules import (
    INT32_MOST,
    MAX_AXIS,
    OPERATORS,
    Count,
    OperatorRule,
)
from harness.model.fluid.program_desc import (
    FLOAT32,
    TENSOR_KIND,
    Operator,
    ProgramDesc,
    ProgramVariable,
)

#: The largest program here has 361 operators and 801 variables (measured).
MAX_OPERATORS, MAX_VARIABLES = 2_000, 5_000

FEED_KIND, FETCH_KIND = 9, 10  # VarType.Type: what holds the feeds, and the fetches
HOLDERS: Mapping[str, int] = MappingProxyType({"feed": FEED_KIND, "fetch": FETCH_KIND})
INT32_TYPE, INT8_TYPE = 2, 21  # VarType.Type  # zoo-spec 3.2
DATA_TYPES: Mapping[int, str] = MappingProxyType(
    {FLOAT32: "float32", INT32_TYPE: "int32", INT8_TYPE: "int8"}
)

#: Output -> the input that it is: what goes through an operator that trains no more.
THROUGH: Mapping[str, str] = MappingProxyType(
    {"MeanOut": "Mean", "VarianceOut": "Variance", "OutScale": "InScale"}
)

#: As the runtimes and PaddleSlim make names; the longest here has 52 characters.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./@:-]{0,127}\Z")


def demand_allowed(program: ProgramDesc) -> ProgramDesc:
    """Return a program without what sets nothing, or refuse it.

    Empty parameters and attributes about the program's making are left out.

    Args:
        program: as it was read.

    Raises:
        ArchiveUnreadable: it has another operator, variable, parameter or attribute
            than the zoo's programs have, a value out of its range, more than one
            block, or an operator that reads what nothing made; it is named.
    """
    for what, got, most in (
        ("blocks", program.blocks, 1),
        ("operators", len(program.operators), MAX_OPERATORS),
        ("variables", len(program.variables), MAX_VARIABLES),
    ):
        if got > most:
            raise ArchiveUnreadable(
                f"{what} of the program", expected=f"{most} at most", got=got
            )
    for variable in program.variables.values():
        _demand_variable(variable)
    flow = _Flow(variables=program.variables)
    operators = []
    for place, one in enumerate(program.operators):
        with located(f"operator {place} of the program"):
            operators.append(_allowed_operator(one))
            flow.follow(operators[-1])
    return replace(
        program,
        operators=tuple(operators),
        operator_versions={
            name: version
            for name, version in program.operator_versions.items()
            if name in OPERATORS
        },
    )


def _demand_variable(variable: ProgramVariable) -> None:
    name = variable.name
    if not _NAME.match(name):
        raise ArchiveUnreadable(
            f"variable {name!r} of the program",
            expected="a name of at most 128 letters, digits and _ . / @ : -",
        )
    if variable.kind in HOLDERS.values():
        return
    if variable.kind != TENSOR_KIND or variable.data_type not in DATA_TYPES:
        raise ArchiveUnreadable(
            f"variable {name} of the program",
            expected=f"a tensor of {' | '.join(DATA_TYPES.values())}",
            got=f"type {variable.kind} of {variable.data_type}",
        )
    shape = variable.shape
    if len(shape) > MAX_AXIS + 1 or not all(-1 <= one <= INT32_MOST for one in shape):
        raise ArchiveUnreadable(
            f"variable {name} of the program: shape",
            expected=f"at most {MAX_AXIS + 1} sides, each below 2^31, -1 for any",
            got=shape,
        )
    if not 0 <= variable.lod_level <= 1:
        raise ArchiveUnreadable(
            f"variable {name} of the program: levels of lengths",
            expected="0 or 1",
            got=variable.lod_level,
        )


def _allowed_operator(operator: Operator) -> Operator:
    rule = OPERATORS.get(operator.kind)
    if rule is None:
        raise ArchiveUnreadable(
            operator.kind,
            expected=f"one of the {len(OPERATORS)} operators that detectors of the "
            "zoo are made of",
            next_step="an archive is never run with any other; one that ought to be "
            "runs by its weights alone, without its program",
        )
    with located(operator.kind):
        return Operator(
            kind=operator.kind,
            inputs=_allowed_arguments(operator.inputs, rule.inputs),
            outputs=_allowed_arguments(operator.outputs, rule.outputs),
            attributes=_allowed_attributes(operator, rule),
            types=operator.types,
        )


def _allowed_arguments(
    arguments: Mapping[str, tuple[str, ...]], counts: Mapping[str, Count]
) -> dict[str, tuple[str, ...]]:
    for parameter, names in arguments.items():
        fewest, most = counts.get(parameter, (0, 0))
        if not fewest <= len(names) <= most:
            raise ArchiveUnreadable(
                f"variables of {parameter}",
                expected=f"{fewest} to {most}" if most else "none",
                got=len(names),
            )
    for parameter, (fewest, _) in counts.items():
        if fewest and not arguments.get(parameter):
            raise ArchiveUnreadable(f"variables of {parameter}", expected=fewest, got=0)
    return {name: names for name, names in arguments.items() if names}


def _allowed_attributes(
    operator: Operator, rule: OperatorRule
) -> dict[str, float | str | tuple[float, ...] | tuple[str, ...]]:
    allowed = {}
    for name, kind in operator.types.items():
        attribute: AttributeRule | None = rule.attributes.get(name, HINTS.get(name))
        wanted = LEFT_OUT.get(name) if attribute is None else attribute.type
        if wanted is None:
            raise ArchiveUnreadable(
                f"attribute {name}",
                expected=" | ".join(rule.attributes) or "no attribute",
            )
        if kind != wanted:
            raise ArchiveUnreadable(
                f"attribute {name}", expected=wanted.name, got=kind.name
            )
        if attribute is None:
            continue
        value = operator.attributes[name]
        if not attribute.allows(value):
            raise ArchiveUnreadable(f"attribute {name}", expected=attribute, got=value)
        allowed[name] = value
    return allowed


@dataclass(slots=True, kw_only=True)
class _Flow:
    """Follows which variables have values, from operator to operator."""

    variables: Mapping[str, ProgramVariable]
    made: set[str] = field(default_factory=set)

    def follow(self, operator: Operator) -> None:
        """Refuse an operator that reads or makes what it must not.

        Raises:
            ArchiveUnreadable: a variable is not declared, has no value yet, is made
                twice, or is saved with the program and changed.
        """
        reads = {name for names in operator.inputs.values() for name in names}
        makes = [name for names in operator.outputs.values() for name in names]
        for name in (*reads, *makes):
            if name not in self.variables:
                raise ArchiveUnreadable(
                    f"variable {name}", expected="one of the program"
                )
            kind, holder = self.variables[name].kind, HOLDERS.get(operator.kind)
            if kind not in (TENSOR_KIND, holder):
                raise ArchiveUnreadable(
                    f"variable {name} of {operator.kind}", expected="a tensor"
                )
        for name in sorted(reads):
            if not (name in self.made or self.variables[name].is_persistable):
                raise ArchiveUnreadable(
                    f"{operator.kind} reads {name}",
                    expected="a variable that an earlier operator makes",
                )
        through = {
            name
            for output, source in THROUGH.items()
            for name in operator.outputs.get(output, ())
            if operator.inputs.get(source) == (name,)
        }
        for place, name in enumerate(makes):
            again = name in self.made or name in makes[:place]
            saved = self.variables[name].is_persistable and name not in through
            is_tensor = self.variables[name].kind == TENSOR_KIND
            # a program that changed what is saved would count its batches by it
            if is_tensor and (saved or (again and name not in reads)):
                raise ArchiveUnreadable(
                    f"{operator.kind} makes {name}",
                    expected="a variable that has no value yet",
                )
        self.made.update(makes)
