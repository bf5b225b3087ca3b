"""Operators and variables in, their bytes in an old program out: no Paddle.

Only what a program is changed by: operators of float attributes, float32 tensors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.model.program_desc import (
    ARGUMENTS,
    ATTRIBUTE_NAME,
    ATTRIBUTES,
    DATA_TYPE,
    DIMS,
    FLOAT,
    INPUTS,
    KIND,
    LOD_TENSOR,
    NAME,
    OPERATOR_KIND,
    OUTPUTS,
    PARAMETER,
    PERSISTABLE,
    TENSOR,
    TENSOR_KIND,
    TYPE,
)
from harness.model.protobuf_fields import bytes_field, float_field, number_field

ATTRIBUTE_TYPE = 2  # of OpDesc.Attr
FLOAT_ATTRIBUTE = 1  # AttrType
FLOAT32 = 5  # VarType.Type  # zoo-spec 3.2


def operator_bytes(
    kind: str, source: str, result: str, attributes: Mapping[str, float]
) -> bytes:
    """Return an operator from ``X`` to ``Out`` with float attributes."""
    content = _argument(INPUTS, "X", source) + _argument(OUTPUTS, "Out", result)
    content += bytes_field(OPERATOR_KIND, kind.encode())
    for name, value in attributes.items():
        content += bytes_field(
            ATTRIBUTES,
            bytes_field(ATTRIBUTE_NAME, name.encode())
            + number_field(ATTRIBUTE_TYPE, FLOAT_ATTRIBUTE)
            + float_field(FLOAT, value),
        )
    return content


def tensor_bytes(name: str, shape: Sequence[int], *, is_persistable: bool) -> bytes:
    """Return a variable that is a float32 tensor."""
    tensor = number_field(DATA_TYPE, FLOAT32)
    tensor += b"".join(number_field(DIMS, side) for side in shape)
    kind = number_field(KIND, TENSOR_KIND)
    kind += bytes_field(LOD_TENSOR, bytes_field(TENSOR, tensor))
    return (
        bytes_field(NAME, name.encode())
        + bytes_field(TYPE, kind)
        + number_field(PERSISTABLE, int(is_persistable))
    )


def _argument(side: int, parameter: str, variable: str) -> bytes:
    return bytes_field(
        side,
        bytes_field(PARAMETER, parameter.encode())
        + bytes_field(ARGUMENTS, variable.encode()),
    )
