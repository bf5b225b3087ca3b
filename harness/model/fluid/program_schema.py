"""States which fields a program has: those of the runtime's framework.proto.

The numbers are the same in 1.8.5, 2.6.2 and 3.3.1. Wide numbers, scalars and versions
of operators came later; ``op_compatible_map`` is passed over since.  # zoo-spec 3.1
"""

from __future__ import annotations

from enum import IntEnum

from harness.model.fluid.protobuf_schema import (
    Schema,
    flag,
    float32,
    float64,
    int32,
    int64,
    message,
    text,
    whole,
)


class AttributeType(IntEnum):
    """What the value of an attribute is."""

    INT = 0
    FLOAT = 1
    STRING = 2
    INTS = 3
    FLOATS = 4
    STRINGS = 5
    BOOLEAN = 6
    BOOLEANS = 7
    BLOCK = 8
    LONG = 9
    BLOCKS = 10
    LONGS = 11
    FLOAT64S = 12
    VAR = 13
    VARS = 14
    FLOAT64 = 15
    SCALAR = 16
    SCALARS = 17


#: Type of an attribute -> the field that its value stands in.
VALUE_FIELDS = {
    AttributeType.INT: "i",
    AttributeType.FLOAT: "f",
    AttributeType.STRING: "s",
    AttributeType.INTS: "ints",
    AttributeType.FLOATS: "floats",
    AttributeType.STRINGS: "strings",
    AttributeType.BOOLEAN: "b",
    AttributeType.BOOLEANS: "bools",
    AttributeType.BLOCK: "block_idx",
    AttributeType.LONG: "l",
    AttributeType.BLOCKS: "blocks_idx",
    AttributeType.LONGS: "longs",
    AttributeType.FLOAT64S: "float64s",
    AttributeType.VAR: "var_name",
    AttributeType.VARS: "vars_name",
    AttributeType.FLOAT64: "float64",
    AttributeType.SCALAR: "scalar",
    AttributeType.SCALARS: "scalars",
}

#: VarType.Type: what a variable is, or its elements; 38 is the last of 3.3.1.
LAST_TYPE = 38

_VERSION = Schema("a version", {"version": int64(1)})
_COMPLEX = Schema(
    "a complex number", {"r": float64(1, required=True), "i": float64(2, required=True)}
)
_SCALAR = Schema(
    "a scalar",
    {
        "type": whole(1, 1, 4, required=True),
        "b": flag(2),
        "i": int64(3),
        "r": float64(4),
        "c": message(5, _COMPLEX),
    },
)
_ATTRIBUTE = Schema(
    "an attribute",
    {
        "name": text(1, required=True),
        "type": whole(2, 0, max(AttributeType), required=True),
        "i": int32(3),
        "f": float32(4),
        "s": text(5),
        "ints": int32(6, repeated=True),
        "floats": float32(7, repeated=True),
        "strings": text(8, repeated=True),
        "b": flag(10),
        "bools": flag(11, repeated=True),
        "block_idx": int32(12),
        "l": int64(13),
        "blocks_idx": int32(14, repeated=True),
        "longs": int64(15, repeated=True),
        "float64s": float64(16, repeated=True),
        "var_name": text(17),
        "vars_name": text(18, repeated=True),
        "float64": float64(19),
        "scalar": message(20, _SCALAR),
        "scalars": message(21, _SCALAR, repeated=True),
    },
)
_ARGUMENTS = Schema(
    "a parameter of an operator",
    {"parameter": text(1, required=True), "arguments": text(2, repeated=True)},
)
_OPERATOR = Schema(
    "an operator",
    {
        "inputs": message(1, _ARGUMENTS, repeated=True),
        "outputs": message(2, _ARGUMENTS, repeated=True),
        "type": text(3, required=True),
        "attrs": message(4, _ATTRIBUTE, repeated=True),
        "is_target": flag(5),
    },
)
_TENSOR = Schema(
    "a tensor",
    {
        "data_type": whole(1, 0, LAST_TYPE, required=True),
        "dims": int64(2, repeated=True),
    },
)
_TENSOR_OF_LENGTHS = Schema(
    "a tensor with lengths",
    {"tensor": message(1, _TENSOR, required=True), "lod_level": int32(2)},
)
_READER = Schema(
    "a reader", {"lod_tensor": message(1, _TENSOR_OF_LENGTHS, repeated=True)}
)
_TUPLE = Schema("a tuple", {"element_type": whole(1, 0, LAST_TYPE, repeated=True)})
_KIND = Schema(
    "a variable's type",
    {
        "type": whole(1, 0, LAST_TYPE, required=True),
        "selected_rows": message(2, _TENSOR),
        "lod_tensor": message(3, _TENSOR_OF_LENGTHS),
        "tensor_array": message(4, _TENSOR_OF_LENGTHS),
        "reader": message(5, _READER),
        "tuple": message(7, _TUPLE),
        "string": message(8, _TENSOR),
        "strings": message(9, _TENSOR),
        "vocab": message(10, _TENSOR),
        "sparse_coo": message(11, _TENSOR),
        "sparse_csr": message(12, _TENSOR),
    },
)
_VARIABLE = Schema(
    "a variable",
    {
        "name": text(1, required=True),
        "type": message(2, _KIND, required=True),
        "persistable": flag(3),
        "need_check_feed": flag(4),
        "is_parameter": flag(5),
        "stop_gradient": flag(6),
    },
)
_BLOCK = Schema(
    "a block",
    {
        "idx": int32(1, required=True),
        "parent_idx": int32(2, required=True),
        "vars": message(3, _VARIABLE, repeated=True),
        "ops": message(4, _OPERATOR, repeated=True),
        "forward_block_idx": int32(5),
    },
)
_OPERATOR_VERSION = Schema(
    "an operator's version", {"version": int32(1, required=True)}
)
_PAIR = Schema(
    "a pair of operator and version",
    {
        "op_name": text(1, required=True),
        "op_version": message(2, _OPERATOR_VERSION, required=True),
    },
)
_VERSIONS = Schema(
    "the operators' versions", {"pair": message(1, _PAIR, repeated=True)}
)
#: Which version of the runtime an operator needs, as 1.7 and 1.8 told it.
_COMPATIBLE = Schema(
    "what an operator is compatible with",
    {"version": text(1, required=True), "type": whole(2, 0, 4, required=True)},
)
_COMPATIBLE_PAIR = Schema(
    "a pair of operator and compatibility",
    {
        "op_name": text(1, required=True),
        "compatible_info": message(2, _COMPATIBLE, required=True),
    },
)
_COMPATIBLES = Schema(
    "the operators' compatibility",
    {
        "pair": message(1, _COMPATIBLE_PAIR, repeated=True),
        "default_required_version": text(2),
    },
)
PROGRAM = Schema(
    "a program",
    {
        "blocks": message(1, _BLOCK, repeated=True),
        "op_compatible_map": message(3, _COMPATIBLES),
        "version": message(4, _VERSION),
        "op_version_map": message(5, _VERSIONS),
    },
)
