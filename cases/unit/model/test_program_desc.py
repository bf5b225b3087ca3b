import struct
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import ArchiveUnreadable
from harness.model import program_desc
from harness.model.program_desc import open_sides, parse_program
from harness.model.protobuf_fields import bytes_field, number_field


def variable(name, *shape, persistable=False):
    dims = b"".join(number_field(2, one) for one in shape)
    tensor = bytes_field(1, number_field(1, 5) + dims)
    kind = number_field(1, 7) + bytes_field(3, tensor)
    return bytes_field(
        3, bytes_field(1, name) + bytes_field(2, kind) + number_field(3, persistable)
    )


def operator(kind, source=b"x", target=b"y"):
    return bytes_field(
        4,
        bytes_field(1, bytes_field(1, b"X") + bytes_field(2, source))
        + bytes_field(2, bytes_field(1, b"Out") + bytes_field(2, target))
        + bytes_field(3, kind),
    )


PROGRAM = bytes_field(
    1,
    variable(b"x", -1, 3, 608, 608)
    + variable(b"w", 2, 3, persistable=True)
    + variable(b"a", 4, persistable=True)
    + operator(b"feed", b"feed", b"x")
    + operator(b"conv2d")
    + operator(b"fetch", b"y", b"fetch"),
)


def test_variables_and_operators_are_read():
    program = parse_program(PROGRAM)

    assert program.variables["x"].shape == (-1, 3, 608, 608)
    assert program.variables["x"].data_type == 5
    assert [one.kind for one in program.operators] == ["feed", "conv2d", "fetch"]
    assert (program.feeds(), program.fetches()) == (("x",), ("y",))


def test_the_parameters_are_what_is_persistable_sorted():
    assert list(parse_program(PROGRAM).parameters()) == ["a", "w"]


@pytest.mark.parametrize(
    "name", ["program_separate", "program_params", "program_weights"]
)
def test_a_program_of_the_old_runtime_has_its_parameters(layout_folder, name):
    folder = layout_folder(name)
    path = next(one for one in folder.iterdir() if one.name in ("__model__", "model"))

    program = parse_program(path.read_bytes())

    assert len(program.parameters()) == 241
    assert program.parameters()["conv1_weights"].shape == (2, 3, 3, 3)
    assert set(program.feeds()) == {"image", "im_size"}


def test_the_holders_of_feeds_and_fetches_are_no_parameters(layout_folder):
    content = (layout_folder("program_params") / "__model__").read_bytes()

    program = parse_program(content)

    assert program.variables["feed"].is_persistable
    assert "feed" not in program.parameters()


def test_the_sides_that_an_export_fixed_are_opened_and_nothing_else(layout_folder):
    content = (layout_folder("program_params") / "__model__").read_bytes()
    before = parse_program(content)

    after = parse_program(open_sides(content, {"image"}))

    assert before.variables["image"].shape == (-1, 3, 608, 608)
    assert after.variables["image"].shape == (-1, 3, -1, -1)
    assert after.operators == before.operators
    assert {name: one for name, one in after.variables.items() if name != "image"} == {
        name: one for name, one in before.variables.items() if name != "image"
    }


def test_a_program_that_is_open_already_keeps_its_bytes(layout_folder):
    content = (layout_folder("program_separate") / "__model__").read_bytes()

    assert open_sides(content, {"image"}) == content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            PROGRAM[:-1],
            r"^byte 3: field 1 is cut off; expected \d+ bytes, got \d+ left$",
        ),
        (b"", r"^not a program; expected blocks of operators, got 0 blocks$"),
        (bytes_field(1, variable(b"x")), r"^not a program; .* got 1 blocks$"),
        (
            bytes_field(1, variable(b"x") + variable(b"x") + operator(b"relu")),
            r"^byte \d+: variable x; expected each variable once, got the same name",
        ),
        (
            bytes_field(1, bytes_field(3, number_field(3, 1))),
            r"^byte 4: a variable without a name$",
        ),
        (bytes_field(1, operator(b"")), r"^byte 4: an operator without a type$"),
        (
            bytes_field(1, bytes_field(3, bytes_field(1, b"\xffx"))),
            r"^byte 6: a name; expected UTF-8$",
        ),
    ],
)
def test_a_damaged_program_names_its_byte(content, message):
    with pytest.raises(ArchiveUnreadable, match=message):
        parse_program(content)


def test_an_oversized_program_is_refused(monkeypatch):
    monkeypatch.setattr(program_desc, "MAX_PROGRAM_BYTES", 10)

    with pytest.raises(
        ArchiveUnreadable, match=r"^size of the program; expected at most 10 bytes, got"
    ):
        parse_program(PROGRAM)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(PROGRAM) - 1), st.integers(0, 255))
def test_no_damage_does_more_than_refuse(place, byte):
    content = bytearray(PROGRAM)
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


def test_several_floats_may_be_packed():
    values = struct.pack("<2f", 0.5, 2.0)
    attribute = bytes_field(1, b"variances") + bytes_field(7, values)
    operator = bytes_field(3, b"prior_box") + bytes_field(4, attribute)

    (found,) = parse_program(bytes_field(1, bytes_field(4, operator))).operators

    assert found.attributes == {"variances": (0.5, 2.0)}
