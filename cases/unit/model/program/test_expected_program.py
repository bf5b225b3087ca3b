import re
from dataclasses import replace

import pytest

from harness.errors import ArchiveUnreadable
from harness.model.detectors.blazeface import open_blazeface
from harness.model.program.expected_program import (
    BLAZEFACE_PROGRAM,
    YOLOV3_PROGRAM,
    demand_program,
    demand_protocol,
)


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
    demand_protocol(operators, YOLOV3_PROGRAM)

    attributes = {one.kind: one.attributes for one in operators}
    asked = YOLOV3_PROGRAM.attributes["multiclass_nms"]
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
        demand_protocol(with_attribute(operators, kind, name, value), YOLOV3_PROGRAM)


def test_what_is_asked_of_a_program_is_all_that_sets_boxes_and_nms():
    nms = {
        "score_threshold": pytest.approx(0.01),
        "nms_eta": 1.0,
        "nms_top_k": 1000,
        "nms_threshold": pytest.approx(0.45),
        "keep_top_k": 100,
        "normalized": False,
        "background_label": -1,
    }
    face_nms = {
        "nms_top_k": 5000,
        "nms_threshold": pytest.approx(0.3),
        "keep_top_k": 750,
        "normalized": True,
        "background_label": 0,
    }

    assert YOLOV3_PROGRAM.attributes == {  # zoo-spec 1.3
        "yolo_box": {
            "conf_thresh": pytest.approx(0.01),
            "clip_bbox": True,
            "scale_x_y": 1.0,
            "iou_aware": False,
        },
        "multiclass_nms": nms,
    }
    assert BLAZEFACE_PROGRAM.attributes == {  # zoo-spec 1.4
        "prior_box": {
            "variances": pytest.approx((0.1, 0.1, 0.2, 0.2)),
            "aspect_ratios": (1.0,),
            "max_sizes": (),
            "flip": False,
            "clip": False,
            "offset": 0.5,
        },
        "box_coder": {
            "code_type": "decode_center_size",
            "box_normalized": True,
            "axis": 0,
        },
        "multiclass_nms": nms | face_nms,
    }


@pytest.mark.parametrize("kind", YOLOV3_PROGRAM.counts)
def test_a_program_without_boxes_or_nms_is_refused(operators, kind):
    count = YOLOV3_PROGRAM.counts[kind]
    rest = [one for one in operators if one.kind != kind]

    with pytest.raises(
        ArchiveUnreadable,
        match=f"^operators {kind} of the program; expected {count}, got 0$",
    ):
        demand_protocol(rest, YOLOV3_PROGRAM)


@pytest.mark.parametrize("kind", YOLOV3_PROGRAM.counts)
def test_a_second_suppression_or_one_level_more_is_refused(operators, kind):
    """Detections that were suppressed twice are fewer."""
    count = YOLOV3_PROGRAM.counts[kind]
    again = next(one for one in operators if one.kind == kind)

    with pytest.raises(
        ArchiveUnreadable,
        match=f"^operators {kind} of the program; expected {count}, got {count + 1}$",
    ):
        demand_protocol((*operators, again), YOLOV3_PROGRAM)


def test_a_second_suppression_by_a_later_name_is_refused(operators):
    again = next(one for one in operators if one.kind == "multiclass_nms")
    later = replace(again, kind="multiclass_nms2")

    with pytest.raises(ArchiveUnreadable, match=r"multiclass_nms .* 1, got 2$"):
        demand_protocol((*operators, later), YOLOV3_PROGRAM)


def test_a_later_name_of_the_operator_is_held_to_the_same(operators):
    later = [
        replace(one, kind="multiclass_nms3") if one.kind == "multiclass_nms" else one
        for one in with_attribute(operators, "multiclass_nms", "nms_top_k", 5)
    ]

    with pytest.raises(
        ArchiveUnreadable, match=r"^multiclass_nms3 of the program: nms_top_k; expected"
    ):
        demand_protocol(later, YOLOV3_PROGRAM)


@pytest.mark.parametrize(
    ("name", "value"), [("anchors", (10, 13)), ("downsample_ratio", 32)]
)
def test_anchors_of_another_level_are_refused(operators, name, value):
    changed = with_attribute(operators, "yolo_box", name, value)

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^yolo_box of the program: anchors by downsample_ratio; expected {32",
    ):
        demand_protocol(changed, YOLOV3_PROGRAM)


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

    demand_protocol(older, YOLOV3_PROGRAM)


@pytest.fixture(scope="module")
def faces(layout_folder):
    folder = layout_folder("blazeface_lite_program_params")
    return open_blazeface(folder, edition="lite", width=1 / 4)


def test_a_face_program_of_the_old_runtime_has_the_protocol(faces):
    operators = faces.program.operators
    demand_protocol(operators, BLAZEFACE_PROGRAM)

    attributes = {one.kind: one.attributes for one in operators}
    for kind, asked in BLAZEFACE_PROGRAM.attributes.items():
        assert {name: attributes[kind][name] for name in asked} == asked


@pytest.mark.parametrize(
    ("kind", "name", "value", "told"),
    [
        ("multiclass_nms", "background_label", -1, "expected 0 .*, got -1$"),
        ("multiclass_nms", "normalized", 0, "expected True .*, got 0$"),
        ("prior_box", "clip", 1, "expected False .*, got 1$"),
        ("prior_box", "offset", 0.0, r"expected 0\.5 .*, got 0\.0$"),
        ("prior_box", "max_sizes", (9.0,), r"expected \(\) .*, got \(9\.0,\)$"),
        ("prior_box", "variances", (1.0,) * 4, r"expected \(0\.1000.*, got \(1\.0, "),
        ("prior_box", "aspect_ratios", (1.0, 2.0), r"expected \(1\.0,\) .*, got"),
        ("box_coder", "code_type", "encode_center_size", "expected decode_center"),
        ("box_coder", "box_normalized", 0, "expected True .*, got 0$"),
    ],
)
def test_another_value_of_a_face_program_is_refused_by_name(
    faces, kind, name, value, told
):
    changed = with_attribute(faces.program.operators, kind, name, value)

    with pytest.raises(
        ArchiveUnreadable, match=f"^{kind} of the program: {name}; {told}"
    ):
        demand_protocol(changed, BLAZEFACE_PROGRAM)


@pytest.mark.parametrize("kind", BLAZEFACE_PROGRAM.counts)
@pytest.mark.parametrize("more", [-1, 1])
def test_another_number_of_an_operator_of_a_face_program_is_refused(faces, kind, more):
    operators, count = faces.program.operators, BLAZEFACE_PROGRAM.counts[kind]
    first = next(one for one in operators if one.kind == kind)
    rest = [one for one in operators if one is not first]

    with pytest.raises(
        ArchiveUnreadable,
        match=f"^operators {kind} of the program; expected {count}, "
        f"got {count + more}$",
    ):
        demand_protocol([*rest, *[first] * (1 + more)], BLAZEFACE_PROGRAM)


def test_priors_of_another_level_are_refused(faces):
    operators = faces.program.operators
    changed = with_attribute(operators, "prior_box", "min_sizes", (16.0, 24.0))

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^prior_box of the program: min_sizes by step_h; expected {8: \(16\.0, ",
    ):
        demand_protocol(changed, BLAZEFACE_PROGRAM)


def test_a_program_of_more_variables_than_the_network_names_them(faces):
    program, (more, *known) = faces.program, faces.program.parameters

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^the program has 1 variables that the network has not; "
        rf"expected {len(known)} variables, got {re.escape(more)}; the row may name",
    ):
        demand_program(program, known, BLAZEFACE_PROGRAM)


def test_a_program_that_is_fed_no_size_is_no_yolov3(layout_folder, open_layout):
    opened = open_layout(layout_folder("program_params"))
    program = replace(opened.program, im_size=None)

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^feeds of the program; expected an image and its original size, got an "
        r"image alone$",
    ):
        demand_program(program, opened.weights, YOLOV3_PROGRAM)


def test_a_program_that_is_fed_a_size_is_no_blazeface(faces):
    program = replace(faces.program, im_size="im_size")

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^feeds of the program; expected an image alone, got an image and its",
    ):
        demand_program(program, faces.weights, BLAZEFACE_PROGRAM)
