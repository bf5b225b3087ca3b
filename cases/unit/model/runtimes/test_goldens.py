"""Every network on every installed runtime, against what Paddle 1.8.5 computed."""

import numpy as np
import pytest

from harness.model.boxes.face_boxes import normalise_faces
from harness.model.boxes.face_finding import FaceDetector, faces_of_heads
from harness.model.boxes.object_finding import ObjectDetector, objects_of_heads
from harness.model.boxes.preprocess import IMAGENET, NORMALISATIONS, normalise
from harness.model.detectors.archive_heads import open_heads
from harness.model.networks.blazeface import EDITIONS

#: Of an output's largest value: what another runtime and another kernel may differ by.
AGREES = 1e-4  # zoo-spec Appendix A
#: What one sum that ends on the other side of a half moves here: a score by 0.0024, a
#: box by 0.08 px (seen with Paddle and with torch), four times over.
ONE_INTEGER = {"score": 0.01, "box_px": 0.3}


def largest_difference(found, expected):
    """Return the difference as a share of each output's maximum, the worst of all."""
    assert [one.shape for one in found] == [one.shape for one in expected]
    return max(
        float(np.abs(one - right).max() / np.abs(right).max())
        for one, right in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize("input_px", [96, 64])
def test_a_pruned_mobilenet_has_the_heads_of_the_old_runtime(
    tiny_opened, tiny_golden, processor, input_px
):
    heads = open_heads(tiny_opened, processor)
    expected = [tiny_golden[f"head_{level}_{input_px}"] for level in range(3)]

    found = heads(normalise(tiny_golden[f"images_{input_px}"], IMAGENET))

    assert largest_difference(found, expected) < AGREES


@pytest.mark.parametrize("name", ["old_r34", "old_r50", "old_obj365"])
def test_a_residual_network_has_the_heads_and_detections_of_the_old_runtime(
    request, processor, unmatched_rows, name
):
    old = request.getfixturevalue(name)
    heads, golden = open_heads(old.open(), processor), old.golden
    expected = [golden[f"head_{level}_64"] for level in range(3)]

    found = heads(normalise(golden["images_64"], NORMALISATIONS[old.backbone]))
    detected = ObjectDetector(
        find=objects_of_heads(heads), backbone=old.backbone, input_px=64
    ).detect(golden["images_64"], golden["im_size_64"])

    assert largest_difference(found, expected) < AGREES
    lengths = golden["lengths_64"]
    assert [len(one.scores) for one in detected] == lengths.tolist()
    rows = np.split(golden["detections_64"], np.cumsum(lengths)[:-1])
    for one, right in zip(detected, rows, strict=True):
        got = np.column_stack([one.classes, one.scores, one.boxes_xyxy])
        assert unmatched_rows(got, right, score=1e-4, box_px=0.05) == ([], [])


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("size", ["56x72", "65x97"])  # odd sides: pools round up
def test_a_face_network_has_the_heads_of_the_old_runtime(
    opened_faces, faces_golden, processor, edition, size
):
    heads = open_heads(opened_faces[edition], processor)
    expected = [faces_golden[f"{edition}.head_{place}_{size}"] for place in range(4)]

    found = heads(normalise_faces(faces_golden[f"images_{size}"]))

    assert largest_difference(found, expected) < AGREES


@pytest.mark.parametrize("name", ["yolov3_aware_files", "yolov3_aware_all_float"])
def test_a_simulated_checkpoint_detects_what_the_old_runtime_did(
    old_quantised, opened_quantised, processor, unmatched_rows, name
):
    demand_detections(name, old_quantised, opened_quantised, processor, unmatched_rows)


@pytest.mark.parametrize(
    "name",
    [
        *("yolov3_frozen_files", "yolov3_post_files", "blazeface_aware_export"),
        *("blazeface_frozen_int8", "blazeface_post_files"),
    ],
)
def test_a_quantised_program_detects_the_same_by_our_network(
    old_quantised, opened_quantised, processor, unmatched_rows, name
):
    assert opened_quantised(name).program is not None
    demand_detections(name, old_quantised, opened_quantised, processor, unmatched_rows)


def demand_detections(name, old_quantised, opened_quantised, device, unmatched_rows):
    one = old_quantised(name)
    golden = one.golden().arrays
    heads = open_heads(opened_quantised(name), device)
    crops, lengths = golden["crops"], golden["crop_lengths"]
    side_px = crops.shape[1]
    if one.model == "blazeface":
        find = faces_of_heads(heads)
        detector = FaceDetector(find=find, scales="single", input_px=side_px)
    else:
        find = objects_of_heads(heads)
        detector = ObjectDetector(find=find, backbone="mobilenet_v1", input_px=side_px)

    found = detector.detect(crops, np.int32([crops.shape[1:3]] * len(crops)))

    rows = golden["crop_detections"]
    if one.model == "blazeface":  # shares of the picture  # zoo-spec 1.7
        rows = np.hstack([rows[:, :2], rows[:, 2:] * side_px])
    assert [len(each.scores) for each in found] == lengths.tolist()
    for each, old in zip(found, np.split(rows, np.cumsum(lengths)[:-1]), strict=True):
        got = np.column_stack([each.classes, each.scores, each.boxes_xyxy])
        assert unmatched_rows(got, old, **ONE_INTEGER) == ([], [])


@pytest.mark.parametrize("name", ["program_separate", "program_params"])
def test_a_float_program_has_the_heads_of_its_checkpoint_by_our_network(
    layout_folder, open_layout, layout_golden, processor, name
):
    program = open_layout(layout_folder(name))
    plain = open_layout(layout_folder("combined_file"))
    images = normalise(layout_golden["images_64"], IMAGENET)

    assert program.program is not None
    found = open_heads(program, processor)(images)
    expected = open_heads(plain, processor)(images)
    assert largest_difference(found, expected) < AGREES
