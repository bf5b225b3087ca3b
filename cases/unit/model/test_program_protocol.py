from dataclasses import replace

import pytest

from harness.errors import ArchiveUnreadable
from harness.model.program_protocol import COUNTS, PROTOCOL, demand_protocol


@pytest.fixture(scope="module")
def operators(layout_folder, open_layout):
    return open_layout(layout_folder("program_params")).program.operators


def with_attribute(operators, kind, name, value):
    return tuple(
        replace(one, attributes={**one.attributes, name: value})
        if one.kind == kind
        else one
        for one in operators
    )


def test_a_program_of_the_old_runtime_has_the_protocol(operators):
    demand_protocol(operators)

    attributes = {one.kind: one.attributes for one in operators}
    asked = PROTOCOL["multiclass_nms"]
    assert {name: attributes["multiclass_nms"][name] for name in asked} == asked
    assert attributes["yolo_box"]["anchors"] == (10, 13, 16, 30, 33, 23)


@pytest.mark.parametrize(
    ("kind", "name", "value", "told"),
    [
        ("multiclass_nms", "keep_top_k", 300, "expected 100 .*, got 300$"),
        ("multiclass_nms", "nms_threshold", 0.5, r"expected 0\.4499\d+ .*, got 0.5$"),
        ("multiclass_nms", "normalized", 1, "expected False .*, got 1$"),
        ("multiclass_nms", "background_label", 0, "expected -1 .*, got 0$"),
        ("yolo_box", "conf_thresh", 0.005, r"expected 0\.0099\d+ .*, got 0.005$"),
        ("yolo_box", "scale_x_y", 1.05, "expected 1.0 .*, got 1.05$"),
    ],
)
def test_another_value_is_refused_by_name(operators, kind, name, value, told):
    with pytest.raises(
        ArchiveUnreadable, match=f"^{kind} of the program: {name}; {told}"
    ):
        demand_protocol(with_attribute(operators, kind, name, value))


@pytest.mark.parametrize("kind", COUNTS)
def test_a_program_without_boxes_or_nms_is_refused(operators, kind):
    rest = [one for one in operators if one.kind != kind]

    with pytest.raises(
        ArchiveUnreadable,
        match=f"^operators {kind} of the program; expected {COUNTS[kind]}, got 0$",
    ):
        demand_protocol(rest)


def test_a_later_name_of_the_operator_is_held_to_the_same(operators):
    later = [
        replace(one, kind="multiclass_nms3") if one.kind == "multiclass_nms" else one
        for one in with_attribute(operators, "multiclass_nms", "nms_top_k", 5)
    ]

    with pytest.raises(
        ArchiveUnreadable, match=r"^multiclass_nms3 of the program: nms_top_k; expected"
    ):
        demand_protocol(later)


@pytest.mark.parametrize(
    ("name", "value"), [("anchors", (10, 13)), ("downsample_ratio", 32)]
)
def test_anchors_of_another_level_are_refused(operators, name, value):
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^yolo_box of the program: anchors by downsample_ratio; expected {32",
    ):
        demand_protocol(with_attribute(operators, "yolo_box", name, value))


def test_an_attribute_younger_than_the_program_is_not_asked_for(operators):
    kept = ("anchors", "downsample_ratio", "conf_thresh", "clip_bbox")
    older = [
        replace(
            one,
            attributes={name: one.attributes[name] for name in kept},
        )
        if one.kind == "yolo_box"
        else one
        for one in operators
    ]

    demand_protocol(older)
