"""Our fields of a program beside those of Paddle's own message."""

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto

from harness.errors import ArchiveUnreadable
from harness.model.fluid.program_schema import PROGRAM, AttributeType
from harness.model.fluid.protobuf_message import decode, encode
from harness.model.fluid.protobuf_schema import (
    flag,
    float32,
    float64,
    int32,
    int64,
    message,
    text,
)
from harness.model.paddle_run.runtime import import_paddle

#: As Paddle 1.7 and 1.8 wrote it; the message of later versions no longer has it.
OLD_FIELD = "op_compatible_map"
#: What Paddle 3.3 calls the same fields.
LATER_NAMES = {"lod_tensor": "dense_tensor", "lod_level": "legacy_lod_level"}
RULES = {
    FieldDescriptorProto.TYPE_BOOL: flag,
    FieldDescriptorProto.TYPE_FLOAT: float32,
    FieldDescriptorProto.TYPE_DOUBLE: float64,
    FieldDescriptorProto.TYPE_INT32: int32,
    FieldDescriptorProto.TYPE_INT64: int64,
    FieldDescriptorProto.TYPE_STRING: text,
}
COMPATIBLE = {"op_name": "conv2d", "compatible_info": {"version": "1.8", "type": 4}}


def fields(schema, paddle, seen=()):
    """Yield Paddle's field beside ours, of a message and of all messages in it."""
    described = DescriptorProto()
    paddle.CopyToProto(described)
    theirs = {field.name: field for field in described.field}
    for name in schema.rules.keys() - {OLD_FIELD}:
        field = theirs.get(name) or theirs[LATER_NAMES[name]]
        rule = schema.rules[name]
        yield f"{schema.what}: {name}", field, rule
        inner = paddle.fields_by_name[field.name].message_type
        if inner is not None and inner.full_name not in seen:
            yield from fields(rule.inner, inner, (*seen, inner.full_name))


def with_compatible(pair):
    maps = {"pair": [pair], "default_required_version": "1.6.0"}
    return encode({OLD_FIELD: maps}, PROGRAM)


def test_every_field_has_the_number_type_and_count_that_paddle_gives_it():
    import_paddle()  # before any other import of it: old programs
    from paddle.base.proto.framework_pb2 import ProgramDesc

    for what, field, rule in fields(PROGRAM, ProgramDesc.DESCRIPTOR):
        where = {
            "repeated": field.label == FieldDescriptorProto.LABEL_REPEATED,
            "required": field.label == FieldDescriptorProto.LABEL_REQUIRED,
        }
        if field.type in RULES:
            assert rule == RULES[field.type](field.number, **where), what
        elif field.type == FieldDescriptorProto.TYPE_MESSAGE:
            assert rule == message(field.number, rule.inner, **where), what
        else:
            ours = (rule.number, rule.repeated, rule.required)
            assert ours == (field.number, *where.values()), what


def test_types_of_attributes_have_paddles_numbers():
    import_paddle()  # before any other import of it: old programs
    from paddle.base.proto.framework_pb2 import AttrType

    assert {kind.name: kind.value for kind in AttributeType} == dict(AttrType.items())


def test_compatibility_as_the_old_runtime_told_it_is_read():
    content = with_compatible(COMPATIBLE)

    assert decode(content, PROGRAM) == {
        OLD_FIELD: {"pair": [COMPATIBLE], "default_required_version": "1.6.0"}
    }
    # field 3: its length, then pairs in field 1: name 1 and info 2, of version and type
    inside = b"\x0a\x06conv2d\x12\x07\x0a\x031.8\x10\x04"
    assert content[2:].startswith(bytes([0x0A, len(inside)]) + inside + b"\x12\x05")
    assert content[0] == 3 << 3 | 2


@pytest.mark.parametrize(
    ("pair", "refusal"),
    [
        ({"compatible_info": COMPATIBLE["compatible_info"]}, "without op_name$"),
        ({"op_name": "conv2d"}, "without compatible_info$"),
        ({"op_name": "a", "compatible_info": {"type": 4}}, "without version$"),
        ({"op_name": "a", "compatible_info": {"version": "1.8"}}, "without type$"),
        (
            {"op_name": "a", "compatible_info": {"version": "1.8", "type": 5}},
            "expected a number from 0 to 4, got 5$",
        ),
        (
            {"op_name": "a", "compatible_info": {"version": "1.8", "type": -1}},
            "expected a number from 0 to 4, got -1$",
        ),
    ],
)
def test_compatibility_that_is_none_is_refused(pair, refusal):
    with pytest.raises(ArchiveUnreadable, match=refusal):
        decode(with_compatible(pair), PROGRAM)


@pytest.mark.parametrize("place", ["variable", "tensor", "tuple"])
def test_types_of_variables_go_to_the_last_of_3_3_1_and_no_further(place):
    def content(number):
        kind = {
            "variable": {"type": number},
            "tensor": {"type": 7, "string": {"data_type": number}},
            "tuple": {"type": 7, "tuple": {"element_type": [number]}},
        }[place]
        block = {"idx": 0, "parent_idx": -1, "vars": [{"name": "x", "type": kind}]}
        return encode({"blocks": [block]}, PROGRAM)

    for number in (0, 38):
        assert decode(content(number), PROGRAM)["blocks"]
    for number in (-1, 39):
        with pytest.raises(ArchiveUnreadable, match=r"expected a number from 0 to 38"):
            decode(content(number), PROGRAM)


@pytest.mark.parametrize(
    ("least", "most", "field"), [(0, 17, "type"), (1, 4, "scalar")]
)
def test_types_of_attributes_and_scalars_go_to_their_ends_and_no_further(
    least, most, field
):
    def content(number):
        attribute = {"name": "a", "type": 16, "scalar": {"type": 1}}
        attribute |= (
            {"type": number} if field == "type" else {"scalar": {"type": number}}
        )
        block = {"idx": 0, "parent_idx": -1}
        block["ops"] = [{"type": "scale", "attrs": [attribute]}]
        return encode({"blocks": [block]}, PROGRAM)

    for number in (least, most):
        assert decode(content(number), PROGRAM)["blocks"]
    for number in (least - 1, most + 1):
        with pytest.raises(
            ArchiveUnreadable, match=f"expected a number from {least} to {most}, got "
        ):
            decode(content(number), PROGRAM)
