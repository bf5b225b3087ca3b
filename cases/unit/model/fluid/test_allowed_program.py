"""Honest programs pass the table of operators; a corpus of hostile ones does not."""

import dataclasses
import math

import pytest

from harness.errors import ArchiveUnreadable
from harness.model.fluid import allowed_program
from harness.model.fluid.allowed_program import demand_allowed
from harness.model.fluid.operator_rules import OPERATORS
from harness.model.fluid.program_desc import (
    Operator,
    ProgramDesc,
    float_tensor,
    parse_program,
    write_program,
)
from harness.model.fluid.program_schema import AttributeType
from harness.model.networks.pruned_channels import pruned_channels
from harness.model.networks.yolov3 import YoloV3
from harness.model.paddle_run.graph import build_graph, serialise

INT, FLOAT, STRING = AttributeType.INT, AttributeType.FLOAT, AttributeType.STRING
INTS, BLOCK = AttributeType.INTS, AttributeType.BLOCK

#: Archives of 1.8.5 and PaddleSlim whose programs have, together, all their operators.
LAYOUTS = (
    "program_separate",
    "r34_program_separate",
    "r50vd_dcn_program_params",
    "blazeface_lite_program_params",
    "blazeface_nas_program_weights",
)


def program_in(folder):
    names = ("__model__", "model")
    return next(folder / one for one in names if (folder / one).is_file()).read_bytes()


@pytest.fixture(scope="module")
def honest(layout_folder):
    """A YOLOv3 of 1.8.5."""
    return parse_program(program_in(layout_folder("program_separate")))


@pytest.fixture(scope="module")
def exported():
    """What this Paddle exports of the network with the most operators."""
    network = YoloV3(
        backbone="resnet50_vd_dcn",
        num_classes=3,
        width=1 / 32,
        head_channels=pruned_channels("none", 1 / 32),
    )
    return parse_program(serialise(build_graph(network)))


def with_nms(program, kind, *more):
    """Replace the NMS by one of a later name, with more outputs."""
    made = {f"{name.lower()}.made": name for name in more}
    operators = [
        dataclasses.replace(
            one,
            kind=kind,
            outputs={**one.outputs, **{name: (var,) for var, name in made.items()}},
        )
        if one.kind == "multiclass_nms"
        else one
        for one in program.operators
    ]
    variables = {name: float_tensor(name, (-1,), is_persistable=False) for name in made}
    return dataclasses.replace(
        program,
        operators=tuple(operators),
        variables={**program.variables, **variables},
    )


def kinds(program):
    return {one.kind for one in program.operators}


def test_every_operator_of_the_table_is_in_an_honest_program_and_no_other_is(
    layout_folder, quantised_programs, honest, exported
):
    programs = [parse_program(program_in(layout_folder(name))) for name in LAYOUTS]
    programs += [parse_program(one) for one in quantised_programs]
    programs += [exported, with_nms(honest, "multiclass_nms2", "Index")]
    programs.append(with_nms(honest, "multiclass_nms3", "Index", "NmsRoisNum"))

    allowed = [demand_allowed(one) for one in programs]

    assert set().union(*map(kinds, allowed)) == set(OPERATORS)


def test_what_is_left_out_says_nothing_of_what_is_computed(honest):
    allowed = demand_allowed(honest)

    assert [one.kind for one in allowed.operators] == [
        one.kind for one in honest.operators
    ]
    conv = next(one for one in allowed.operators if one.kind == "conv2d")
    assert "op_namescope" not in conv.attributes
    assert "workspace_size_MB" not in conv.attributes
    assert conv.attributes["strides"] == (2, 2)
    assert set(conv.inputs) == {"Input", "Filter"}  # empty parameters are gone
    assert demand_allowed(parse_program(write_program(allowed))).operators


def test_versions_of_operators_that_no_program_has_are_left_out(honest):
    told = dataclasses.replace(honest, operator_versions={"conv2d": 1, "print": 1})

    assert demand_allowed(told).operator_versions == {"conv2d": 1}


def tensor(name="more", shape=(1,), **changed):
    made = float_tensor(name, shape, is_persistable=False)
    return dataclasses.replace(made, **changed)


def added(program, *operators, variables=()):
    """Put operators before the last one, which fetches."""
    return dataclasses.replace(
        program,
        operators=(*program.operators[:-1], *operators, program.operators[-1]),
        variables={**program.variables, **{one.name: one for one in variables}},
    )


def op(kind, x="image", out="more", **attributes):
    """Return an operator; attributes are pairs of type and value."""
    return Operator(
        kind=kind,
        inputs={"X": (x,)} if x else {},
        outputs={"Out": (out,)} if out else {},
        attributes={name: value for name, (_, value) in attributes.items()},
        types={name: kind for name, (kind, _) in attributes.items()},
    )


def changed(program, kind, **changes):
    """Change the first operator of a kind."""
    place = next(n for n, one in enumerate(program.operators) if one.kind == kind)
    one = dataclasses.replace(program.operators[place], **changes)
    operators = (*program.operators[:place], one, *program.operators[place + 1 :])
    return dataclasses.replace(program, operators=operators)


def told(program, kind, name, attribute, value):
    """Tell the first operator of a kind an attribute."""
    one = next(one for one in program.operators if one.kind == kind)
    return changed(
        program,
        kind,
        attributes={**one.attributes, name: value},
        types={**one.types, name: attribute},
    )


MORE = (tensor(),)
#: Operators that this Paddle knows and that do more than compute: by their name alone.
OTHERS = (
    "save", "save_combine", "load", "load_combine", "read_file", "print", "py_func",
    "listen_and_serv", "run_program", "send", "recv", "while", "conditional_block",
    "fill_constant", "gaussian_random", "assign_value", "read", "create_custom_reader",
    "c_allreduce_sum", "pull_sparse", "tensorrt_engine", "decode_jpeg", "lookup_table",
    "fetch_barrier", "checkpoint_notify", "custom_op", "delete_var", "get_places",
)  # fmt: skip

HOSTILE = {
    **{
        f"operator {kind}": (
            lambda p, kind=kind: added(p, op(kind), variables=MORE),
            rf"^operator 163 of the program: {kind}; expected one of the \d+ operators",
        )
        for kind in OTHERS
    },
    "two blocks": (
        lambda p: dataclasses.replace(p, blocks=2),
        r"^blocks of the program; expected 1 at most, got 2$",
    ),
    "a block attribute": (
        lambda p: told(p, "relu", "sub_block", BLOCK, 1),
        r"relu: attribute sub_block; expected no attribute$",
    ),
    "a block under an honest name": (
        lambda p: told(p, "concat", "axis", BLOCK, 0),
        r"concat: attribute axis; expected INT, got BLOCK$",
    ),
    "a path as an attribute": (
        lambda p: told(p, "relu", "file_path", STRING, "/etc/cron.d/x"),
        r"relu: attribute file_path; expected no attribute$",
    ),
    "a hint of another type": (
        lambda p: told(p, "conv2d", "op_callstack", STRING, "x"),
        r"conv2d: attribute op_callstack; expected STRINGS, got STRING$",
    ),
    "a padding of 2^30": (
        lambda p: told(p, "conv2d", "paddings", INTS, (1 << 30, 1 << 30)),
        r"conv2d: attribute paddings; expected 2 to 2 INTS from 0 to 8, got \(10737",
    ),
    "a stride of 0": (
        lambda p: told(p, "conv2d", "strides", INTS, (0, 1)),
        r"conv2d: attribute strides; expected 2 to 2 INTS from 1 to 4, got \(0, 1\)$",
    ),
    "one stride": (
        lambda p: told(p, "conv2d", "strides", INTS, (1,)),
        r"conv2d: attribute strides; expected 2 to 2 INTS from 1 to 4, got \(1,\)$",
    ),
    "no groups": (
        lambda p: told(p, "conv2d", "groups", INT, 0),
        r"conv2d: attribute groups; expected INT from 1 to 65536, got 0$",
    ),
    "an upsampling by a million": (
        lambda p: told(p, "nearest_interp", "scale", FLOAT, 1e6),
        r"nearest_interp: attribute scale; expected FLOAT from 1 to 4, got 1e\+06|1000",
    ),
    "an upsampling to a size": (
        lambda p: told(p, "nearest_interp", "out_h", INT, 1 << 20),
        r"nearest_interp: attribute out_h; expected INT from -1 to -1, got 1048576$",
    ),
    "an upsampling by no number": (
        lambda p: told(p, "nearest_interp", "scale", FLOAT, math.nan),
        r"nearest_interp: attribute scale; expected FLOAT from 1 to 4, got nan$",
    ),
    "an axis far out": (
        lambda p: told(p, "concat", "axis", INT, 1 << 20),
        r"concat: attribute axis; expected INT from -5 to 5, got 1048576$",
    ),
    "a permutation of a hundred axes": (
        lambda p: told(p, "transpose2", "axis", INTS, tuple([0] * 100)),
        r"transpose2: attribute axis; expected 2 to 5 INTS from 0 to 5, got",
    ),
    "a network that trains": (
        lambda p: told(p, "batch_norm", "is_test", AttributeType.BOOLEAN, False),
        r"batch_norm: attribute is_test; expected BOOLEAN True, got False$",
    ),
    "another layout": (
        lambda p: told(p, "batch_norm", "data_layout", STRING, "NHWC"),
        r"batch_norm: attribute data_layout; expected STRING 'NCHW', got NHWC$",
    ),
    "classes without end": (
        lambda p: told(p, "yolo_box", "class_num", INT, 1 << 30),
        r"yolo_box: attribute class_num; expected INT from 1 to 65536, got 10737",
    ),
    "a threshold that is no number": (
        lambda p: told(p, "multiclass_nms", "nms_threshold", FLOAT, math.nan),
        r"multiclass_nms: attribute nms_threshold; expected FLOAT from 0 to 1, got nan",
    ),
    "a parameter that the operator does not have": (
        lambda p: changed(p, "relu", inputs={"X": ("image",), "File": ("image",)}),
        r"relu: variables of File; expected none, got 1$",
    ),
    "a parameter that is missing": (
        lambda p: changed(p, "conv2d", inputs={"Input": ("image",)}),
        r"conv2d: variables of Filter; expected 1, got 0$",
    ),
    "two variables for one": (
        lambda p: changed(p, "relu", inputs={"X": ("image", "image")}),
        r"relu: variables of X; expected 1 to 1, got 2$",
    ),
    "a variable that is not declared": (
        lambda p: changed(p, "relu", inputs={"X": ("nowhere",)}),
        r"variable nowhere; expected one of the program$",
    ),
    "a variable that nothing made": (
        lambda p: added(
            p, op("relu", "more", "again"), variables=[*MORE, tensor("again")]
        ),
        r"relu reads more; expected a variable that an earlier operator makes$",
    ),
    "an operator that reads what it makes": (
        lambda p: added(p, op("relu", "more", "more"), variables=MORE),
        r"relu reads more; expected a variable that an earlier operator makes$",
    ),
    "weights that are changed": (
        lambda p: added(p, op("relu", "image", "conv1_weights")),
        r"relu makes conv1_weights; expected a variable that has no value yet$",
    ),
    "weights that are changed in place": (
        lambda p: added(p, op("relu", "conv1_weights", "conv1_weights")),
        r"relu makes conv1_weights; expected a variable that has no value yet$",
    ),
    "a variable that is made twice": (
        lambda p: added(p, *[op("relu")] * 2, variables=MORE),
        r"relu makes more; expected a variable that has no value yet$",
    ),
    "the holder of feeds as a tensor": (
        lambda p: added(p, op("relu", "feed"), variables=MORE),
        r"variable feed of relu; expected a tensor$",
    ),
    "the holder of feeds written": (
        lambda p: added(p, op("relu", "image", "feed")),
        r"variable feed of relu; expected a tensor$",
    ),
    "a variable that is a place of scopes": (
        lambda p: added(p, variables=[tensor(kind=11)]),
        r"^variable more of the program; expected a tensor of float32 \| int32 \| int8",
    ),
    "a variable that is a reader": (
        lambda p: added(p, variables=[tensor(kind=15, data_type=None)]),
        r"^variable more of the program; expected a tensor of .*, got type 15 of None$",
    ),
    "text as elements": (
        lambda p: added(p, variables=[tensor(data_type=29)]),
        r"^variable more of the program; expected a tensor of .*, got type 7 of 29$",
    ),
    "a shape of nine sides": (
        lambda p: added(p, variables=[tensor(shape=(1,) * 9)]),
        r"^variable more of the program: shape; expected at most 6 sides",
    ),
    "a side of 2^40": (
        lambda p: added(p, variables=[tensor(shape=(1 << 40,))]),
        r"^variable more of the program: shape; expected .*, got \(1099511627776,\)$",
    ),
    "a side of -2": (
        lambda p: added(p, variables=[tensor(shape=(-2,))]),
        r"^variable more of the program: shape; expected .*, got \(-2,\)$",
    ),
    "lengths of lengths": (
        lambda p: added(p, variables=[tensor(lod_level=1 << 20)]),
        r"^variable more of the program: levels of lengths; expected 0 or 1, got 1048",
    ),
    "a name with a line end": (
        lambda p: added(p, variables=[tensor("a\nb")]),
        r"^variable 'a\\nb' of the program; expected a name of at most 128 letters",
    ),
    "a name that is a path": (
        lambda p: added(p, variables=[tensor("../../etc/passwd")]),
        r"^variable '../../etc/passwd' of the program; expected a name of at most",
    ),
    "no name": (
        lambda p: added(p, variables=[tensor("")]),
        r"^variable '' of the program; expected a name of at most",
    ),
    "a feed of column 7": (
        lambda p: told(p, "feed", "col", INT, 7),
        r"feed: attribute col; expected INT from 0 to 1, got 7$",
    ),
}


def test_the_corpus_is_large_enough():
    assert len(HOSTILE) >= 60


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_program_is_refused_by_name(honest, name):
    spoil, message = HOSTILE[name]
    program = spoil(honest)

    with pytest.raises(ArchiveUnreadable, match=message):
        demand_allowed(program)


@pytest.mark.parametrize(
    ("constant", "what"),
    [("MAX_OPERATORS", "operators"), ("MAX_VARIABLES", "variables")],
)
def test_the_numbers_of_operators_and_variables_are_bounded(
    honest, monkeypatch, constant, what
):
    count = len(getattr(honest, what))
    monkeypatch.setattr(allowed_program, constant, count)
    demand_allowed(honest)
    monkeypatch.setattr(allowed_program, constant, count - 1)

    with pytest.raises(
        ArchiveUnreadable,
        match=rf"^{what} of the program; expected {count - 1} at most, got {count}$",
    ):
        demand_allowed(honest)


def test_a_name_may_be_as_long_as_that_and_no_longer(honest):
    demand_allowed(added(honest, variables=[tensor("a" * 128)]))

    with pytest.raises(ArchiveUnreadable, match=r"at most 128 letters"):
        demand_allowed(added(honest, variables=[tensor("a" * 129)]))


def test_ranges_are_allowed_to_their_ends(honest):
    for kind, name, attribute, value in (
        ("conv2d", "paddings", INTS, (8, 0)),
        ("conv2d", "strides", INTS, (1, 4)),
        ("nearest_interp", "scale", FLOAT, 4.0),
        ("multiclass_nms", "keep_top_k", INT, -1),
    ):
        demand_allowed(told(honest, kind, name, attribute, value))


def test_statistics_go_through_in_place_and_only_so(honest):
    norm = next(one for one in honest.operators if one.kind == "batch_norm")
    elsewhere = {**norm.outputs, "MeanOut": ("conv1_weights",)}

    with pytest.raises(ArchiveUnreadable, match=r"batch_norm makes conv1_weights; exp"):
        demand_allowed(changed(honest, "batch_norm", outputs=elsewhere))


def test_nothing_of_an_empty_program_is_asked():
    assert demand_allowed(ProgramDesc(variables={}, operators=())).operators == ()
