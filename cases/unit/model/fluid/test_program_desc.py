from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import ArchiveUnreadable
from harness.model.fluid import program_desc
from harness.model.fluid.program_desc import (
    Operator,
    ProgramDesc,
    float_operator,
    float_tensor,
    parse_program,
    write_program,
)
from harness.model.fluid.program_schema import PROGRAM, AttributeType
from harness.model.fluid.protobuf_message import decode, encode


def variable(name="x", *shape, persistable=0):
    tensor = {"tensor": {"data_type": 5, "dims": list(shape)}, "lod_level": 0}
    return {
        "name": name,
        "type": {"type": 7, "lod_tensor": tensor},
        "persistable": persistable,
    }


def operator(kind, source="x", target="y", *attributes):
    return {
        "inputs": [{"parameter": "X", "arguments": [source]}],
        "outputs": [{"parameter": "Out", "arguments": [target]}],
        "type": kind,
        "attrs": list(attributes),
    }


def program(variables=(), operators=(), **more):
    block = {"idx": 0, "parent_idx": -1, "vars": variables, "ops": operators}
    return encode({"blocks": [block], **more}, PROGRAM)


GROUPS = {"name": "groups", "type": 0, "i": 1}
WHOLE = program(
    [
        variable("x", -1, 3, 608, 608),
        variable("w", 2, 3, persistable=1),
        variable("a", 4, persistable=1),
    ],
    [
        operator("feed", "feed", "x"),
        operator("conv2d", "x", "y", GROUPS),
        operator("fetch", "y", "fetch"),
    ],
)


def test_variables_and_operators_are_read():
    found = parse_program(WHOLE)

    assert found.variables["x"].shape == (-1, 3, 608, 608)
    assert found.variables["x"].data_type == 5
    assert [one.kind for one in found.operators] == ["feed", "conv2d", "fetch"]
    assert (found.feeds(), found.fetches()) == (("x",), ("y",))


def test_the_parameters_are_what_is_persistable_sorted():
    assert list(parse_program(WHOLE).parameters()) == ["a", "w"]


@pytest.mark.parametrize(
    "name", ["program_separate", "program_params", "program_weights"]
)
def test_a_program_of_the_old_runtime_has_its_parameters(layout_folder, name):
    folder = layout_folder(name)
    path = next(one for one in folder.iterdir() if one.name in ("__model__", "model"))

    found = parse_program(path.read_bytes())

    assert len(found.parameters()) == 241
    assert found.parameters()["conv1_weights"].shape == (2, 3, 3, 3)
    assert set(found.feeds()) == {"image", "im_size"}
    assert found.version == 1008005


def test_the_holders_of_feeds_and_fetches_are_no_parameters(layout_folder):
    content = (layout_folder("program_params") / "__model__").read_bytes()

    found = parse_program(content)

    assert found.variables["feed"].is_persistable
    assert "feed" not in found.parameters()


def test_a_program_that_is_written_is_read_as_it_was(layout_folder):
    before = parse_program((layout_folder("program_params") / "__model__").read_bytes())

    assert parse_program(write_program(before)) == before


def test_operators_and_tensors_of_our_own_are_written():
    made = ProgramDesc(
        variables={"w": float_tensor("w", (-1, 3, 608), is_persistable=True)},
        operators=(float_operator("clip", "image", "made", {"min": -2.5, "max": 0.1}),),
        version=2006002,
        operator_versions={"clip": 1},
    )

    found = parse_program(write_program(made))

    assert found == made
    assert found.operators[0].attributes["max"] == 0.10000000149011612  # of float32


@pytest.mark.parametrize(
    ("versions", "fields"),
    [
        ({}, {"blocks", "version"}),
        ({"relu": 1}, {"blocks", "version", "op_version_map"}),
    ],
)
def test_a_program_that_tells_no_versions_of_operators_is_written_without(
    versions, fields
):
    made = ProgramDesc(
        variables={},
        operators=(float_operator("relu", "x", "y", {}),),
        operator_versions=versions,
    )

    assert decode(write_program(made), PROGRAM).keys() == fields


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            WHOLE[:-1],
            r"^byte \d+: field 1 is cut off; expected \d+ bytes, got \d+ left$",
        ),
        (b"", r"^not a program; expected blocks of operators, got 0 blocks$"),
        (program([variable("x")]), r"^not a program; .* got 1 blocks$"),
        (
            program([variable("x"), variable("x")], [operator("relu")]),
            r"^variable x of the program; expected each name once, got the same name",
        ),
        (
            program(operators=[operator("relu", "x", "y", GROUPS, GROUPS)]),
            r"^attribute of relu groups of the program; expected each name once",
        ),
        (
            program(
                operators=[{**operator("relu"), "inputs": [{"parameter": "X"}] * 2}]
            ),
            r"^parameter of relu X of the program; expected each name once, got the s",
        ),
        (
            program(
                operators=[operator("relu")],
                op_version_map={
                    "pair": [{"op_name": "relu", "op_version": {"version": 1}}] * 2
                },
            ),
            r"^version of operator relu of the program; expected each name once",
        ),
    ],
)
def test_a_damaged_program_names_its_byte_or_what_stands_twice(content, message):
    with pytest.raises(ArchiveUnreadable, match=message):
        parse_program(content)


def test_an_oversized_program_is_refused(monkeypatch):
    monkeypatch.setattr(program_desc, "MAX_PROGRAM_BYTES", len(WHOLE))
    parse_program(WHOLE)
    monkeypatch.setattr(program_desc, "MAX_PROGRAM_BYTES", len(WHOLE) - 1)

    with pytest.raises(
        ArchiveUnreadable,
        match=rf"^size of the program; expected at most {len(WHOLE) - 1} bytes, got",
    ):
        parse_program(WHOLE)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_no_damage_does_more_than_refuse(place, byte):
    content = bytearray(WHOLE)
    content[place] = byte

    with suppress(ArchiveUnreadable):
        parse_program(bytes(content))


def test_attributes_are_numbers_several_numbers_or_a_word(layout_folder):
    folder = layout_folder("blazeface_lite_program_params")
    operators = parse_program((folder / "__model__").read_bytes()).operators

    of_kind = {one.kind: one.attributes for one in operators}
    assert of_kind["prior_box"]["min_sizes"] == (32.0, 48.0, 64.0, 80.0, 96.0, 128.0)
    assert of_kind["prior_box"]["step_h"] == 16.0
    assert of_kind["conv2d"]["strides"] == (1, 1)
    assert of_kind["box_coder"]["code_type"] == "decode_center_size"
    assert of_kind["prior_box"]["max_sizes"] == ()
    assert of_kind["prior_box"]["clip"] is False


def read_attribute(**attribute):
    content = program(operators=[operator("relu", "x", "y", attribute)])
    (found,) = parse_program(content).operators
    return found


@pytest.mark.parametrize("kind", AttributeType)
def test_a_value_stands_where_its_type_says_or_the_attribute_is_refused(kind):
    wrong, value = ("ints", [0]) if kind is AttributeType.INT else ("i", 0)

    with pytest.raises(
        ArchiveUnreadable,
        match=rf"^attribute one of relu; expected a value of its type, {kind.name}, go",
    ):
        read_attribute(name="one", type=int(kind), **{wrong: value})


def test_a_second_value_beside_that_of_the_type_is_refused():
    with pytest.raises(
        ArchiveUnreadable, match=r"^attribute one of relu; .*, FLOAT, got f, i$"
    ):
        read_attribute(name="one", type=1, f=0.5, i=1)


def test_no_value_is_an_empty_list_and_nothing_else():
    assert read_attribute(name="one", type=4).attributes == {"one": ()}
    with pytest.raises(
        ArchiveUnreadable, match=r"^attribute one of relu; .*, INT, got no value$"
    ):
        read_attribute(name="one", type=0)


def test_attributes_that_name_blocks_are_kept_as_their_type_alone_and_not_written():
    found = read_attribute(name="sub_block", type=8, block_idx=1)

    assert found.attributes == {}
    assert found.types == {"sub_block": AttributeType.BLOCK}
    told = replace(found, attributes={"sub_block": 1})
    with pytest.raises(ValueError, match=r"^attribute sub_block of type .* is not wri"):
        write_program(ProgramDesc(variables={}, operators=(told,)))


def test_an_attribute_without_a_type_is_not_written():
    bare = Operator(kind="relu", inputs={}, outputs={}, attributes={"one": 1})

    with pytest.raises(ValueError, match=r"^attribute one of type None is not written"):
        write_program(ProgramDesc(variables={}, operators=(bare,)))
