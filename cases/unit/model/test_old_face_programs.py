"""BlazeFace programs that the old runtime exported, against what it computed."""

from dataclasses import replace

import numpy as np
import pytest

from harness.errors import ArchiveUnreadable
from harness.model.boxes.face_finding import FaceDetector, faces_of_heads
from harness.model.detectors import blazeface
from harness.model.detectors.archive_heads import open_heads
from harness.model.detectors.blazeface import open_blazeface
from harness.model.fluid.program_desc import float_tensor
from harness.model.program.opened_program import open_program
from harness.model.program.program_rows import boxes_in_shares

#: Edition -> how its program was exported; ``params`` has an input fixed at 640.
PROGRAMS = {"original": "separate", "lite": "params", "nas": "weights"}
WIDTHS = {"original": 1 / 4, "lite": 1 / 4, "nas": 1.0}
SIZES = ("56x72", "65x97")


@pytest.fixture(scope="module", params=PROGRAMS)
def edition(request):
    return request.param


@pytest.fixture(scope="module")
def opened(edition, layout_folder):
    folder = layout_folder(f"blazeface_{edition}_program_{PROGRAMS[edition]}")
    return open_blazeface(folder, edition=edition, width=WIDTHS[edition])


def test_it_is_fed_the_image_alone(opened, opened_faces, edition):
    assert opened.layout == "program"
    assert (opened.program.image, opened.program.im_size) == ("image", None)
    assert opened.weights.keys() == opened_faces[edition].weights.keys()


@pytest.mark.parametrize("optimise", [True, False])
def test_it_runs_as_it_is_at_any_size(
    opened, edition, optimise, faces_golden, cpu, unmatched_rows
):
    faces = FaceDetector(
        find=boxes_in_shares(
            open_program(
                opened.program, opened.weights, replace(cpu, optimise=optimise)
            )
        ),
        input_px=640,
        scales="single",
    )

    for size in SIZES:
        images = faces_golden[f"images_{size}"]
        _, height_px, width_px, _ = images.shape
        lengths = faces_golden[f"{edition}.lengths_{size}"]
        found = faces.look(images)
        assert [len(one.scores) for one in found] == lengths.tolist()
        in_pixels = faces_golden[f"{edition}.detections_{size}"] * np.float32(
            [1, 1] + [width_px, height_px] * 2
        )
        expected = np.split(in_pixels, np.cumsum(lengths)[:-1])
        for one, golden in zip(found, expected, strict=True):
            rows = np.column_stack([one.classes, one.scores, one.boxes_xyxy])
            assert unmatched_rows(rows, golden, score=1e-4, box_px=0.01) == ([], [])


def test_images_without_faces_are_empty_each(opened, faces_golden, cpu):
    silent = dict(opened.weights)
    for name, values in opened.weights.items():
        if name.startswith("conv2d_") and len(values) in (4, 12) and values.ndim == 1:
            # classes: background, face
            silent[name] = np.tile(np.float32([50, -50]), len(values) // 2)
    faces = FaceDetector(
        find=boxes_in_shares(open_program(opened.program, silent, cpu)),
        input_px=640,
        scales="single",
    )

    found = faces.look(faces_golden["images_56x72"])

    assert [one.boxes_xyxy.shape for one in found] == [(0, 4), (0, 4)]


def test_it_finds_what_the_network_of_its_weights_finds(opened, cpu, unmatched_rows):
    images = np.random.default_rng(5).integers(0, 256, (1, 90, 130, 3), np.uint8)
    run = open_program(opened.program, opened.weights, cpu)

    (found,) = FaceDetector(
        find=boxes_in_shares(run), input_px=640, scales="single"
    ).look(images)
    (ours,) = FaceDetector(
        find=faces_of_heads(open_heads(opened, cpu)), input_px=640, scales="single"
    ).look(images)

    rows, expected = (
        np.column_stack([one.classes, one.scores, one.boxes_xyxy])
        for one in (found, ours)
    )
    assert len(rows) > 0
    assert unmatched_rows(rows, expected, score=1e-4, box_px=0.02) == ([], [])


def test_a_program_of_another_edition_is_refused(layout_folder):
    folder = layout_folder("blazeface_lite_program_params")

    with pytest.raises(ArchiveUnreadable, match=r"variables have no record; expected"):
        open_blazeface(folder, edition="nas")


def test_a_face_program_is_no_yolov3(layout_folder, open_layout):
    with pytest.raises(
        ArchiveUnreadable, match=r"^yolo_block\.0\.0\.0\.conv\.weights: no such record"
    ):
        open_layout(layout_folder("blazeface_lite_program_params"))


def test_a_program_with_more_variables_than_the_edition_is_refused(
    opened, edition, layout_folder, monkeypatch
):
    right = blazeface.open_network_folder

    def one_more(*asked):
        word, source = right(*asked)
        desc = source.program.desc
        more = float_tensor("teacher_conv1_weights", (1,), is_persistable=True)
        desc = replace(desc, variables={**desc.variables, more.name: more})
        program = replace(source.program, desc=desc)
        return word, replace(source, program=program)

    monkeypatch.setattr(blazeface, "open_network_folder", one_more)

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^the program has 1 variables that the network has not; expected \d+ "
        r"variables, got teacher_conv1_weights",
    ):
        open_blazeface(
            layout_folder(f"blazeface_{edition}_program_{PROGRAMS[edition]}"),
            edition=edition,
            width=WIDTHS[edition],
        )
