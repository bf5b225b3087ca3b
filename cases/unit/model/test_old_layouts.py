"""One network in every layout that the old runtime wrote, against what it computed."""

from dataclasses import replace

import numpy as np
import pytest

from harness.model.boxes.object_finding import ObjectDetector, objects_of_heads
from harness.model.boxes.preprocess import IMAGENET, normalise
from harness.model.detectors.archive_heads import open_heads, plain_heads
from harness.model.layouts import LAYOUTS
from harness.model.program.opened_program import open_program
from harness.model.program.program_rows import boxes_in_pixels

#: Archive of the old runtime -> word in the record.
WRITTEN = {
    "training_checkpoint": "separate_files",
    "combined_file": "combined_file",
    "pdparams": "pdparams",
    "program_separate": "program",
    "program_params": "program",
    "program_weights": "program",
}
PROGRAMS = [name for name, word in WRITTEN.items() if word == "program"]
SIZES_PX = (64, 32)
AGREES = 1e-4  # zoo-spec Appendix A


def detections_agree(found, golden, input_px, unmatched_rows):
    lengths = golden[f"lengths_{input_px}"]
    assert [len(one.scores) for one in found] == lengths.tolist()
    expected = np.split(golden[f"detections_{input_px}"], np.cumsum(lengths)[:-1])
    for one, rows in zip(found, expected, strict=True):
        got = np.column_stack([one.classes, one.scores, one.boxes_xyxy])
        assert unmatched_rows(got, rows, score=1e-4, box_px=0.05) == ([], [])


def test_every_layout_was_written_by_the_old_runtime():
    assert set(WRITTEN.values()) == set(LAYOUTS)


@pytest.mark.parametrize("name", WRITTEN)
def test_every_layout_holds_the_same_values(name, layout_folder, open_layout):
    opened = open_layout(layout_folder(name))
    first = open_layout(layout_folder("combined_file"))

    assert opened.layout == WRITTEN[name]
    assert opened.pruning == "prune_r578"
    assert (opened.program is not None) == (name in PROGRAMS)
    assert set(opened.weights) == set(first.weights)
    for key, value in opened.weights.items():
        assert np.array_equal(value, first.weights[key])


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("input_px", SIZES_PX)
def test_the_heads_are_those_of_the_old_runtime(
    name, input_px, layout_folder, open_layout, layout_golden
):
    heads = plain_heads(open_layout(layout_folder(name)))

    found = heads(normalise(layout_golden[f"images_{input_px}"], IMAGENET))

    for level, head in enumerate(found):
        golden = layout_golden[f"head_{level}_{input_px}"]
        assert head.shape == golden.shape
        assert np.abs(head - golden).max() < AGREES * np.abs(golden).max()


@pytest.mark.parametrize("name", ["training_checkpoint", "combined_file", "pdparams"])
def test_the_detections_of_weights_are_those_of_the_old_runtime(
    name, layout_folder, open_layout, layout_golden, cpu, unmatched_rows
):
    heads = open_heads(open_layout(layout_folder(name)), cpu)

    for px in SIZES_PX:
        found = ObjectDetector(
            find=objects_of_heads(heads), backbone="mobilenet_v1", input_px=px
        ).detect(layout_golden[f"images_{px}"], layout_golden[f"im_size_{px}"])
        detections_agree(found, layout_golden, px, unmatched_rows)


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("optimise", [True, False])
def test_a_program_runs_as_it_is_at_any_size(
    name, optimise, layout_folder, open_layout, layout_golden, cpu, unmatched_rows
):
    opened = open_layout(layout_folder(name))
    run = open_program(opened.program, opened.weights, replace(cpu, optimise=optimise))

    for px in SIZES_PX:
        found = ObjectDetector(
            find=boxes_in_pixels(run), backbone="mobilenet_v1", input_px=px
        ).detect(layout_golden[f"images_{px}"], layout_golden[f"im_size_{px}"])
        detections_agree(found, layout_golden, px, unmatched_rows)


def test_an_image_of_a_program_does_not_depend_on_its_batch(
    layout_folder, open_layout, layout_golden, cpu
):
    opened = open_layout(layout_folder("program_params"))
    detector = ObjectDetector(
        find=boxes_in_pixels(open_program(opened.program, opened.weights, cpu)),
        backbone="mobilenet_v1",
        input_px=64,
    )
    images, sizes = layout_golden["images_64"], layout_golden["im_size_64"]

    together = detector.detect(images, sizes)
    alone = [
        detector.detect(images[one : one + 1], sizes[one : one + 1])[0]
        for one in range(2)
    ]

    for one, other in zip(together, alone, strict=True):
        assert one.classes.tolist() == other.classes.tolist()
        assert np.allclose(one.scores, other.scores, atol=1e-5)


def test_a_training_checkpoint_lists_what_training_kept(layout_folder, open_layout):
    ignored = open_layout(layout_folder("training_checkpoint")).ignored_files

    velocities = [one for one in ignored if one.endswith("_velocity_0")]
    assert len(velocities) == 147  # zoo-spec 2.6
    assert sorted(set(ignored) - set(velocities)) == [
        "@LR_DECAY_COUNTER@",
        "learning_rate",
        "teacher_conv1_weights",
    ]


def test_a_batch_without_any_detection_is_empty_for_each_image(
    layout_folder, open_layout, layout_golden, cpu
):
    opened = open_layout(layout_folder("program_separate"))
    silent = dict(opened.weights)
    for level in range(3):
        name = f"yolo_output.{level}.conv.bias"
        silent[name] = np.full_like(silent[name], -50)
    detector = ObjectDetector(
        find=boxes_in_pixels(open_program(opened.program, silent, cpu)),
        backbone="mobilenet_v1",
        input_px=64,
    )

    found = detector.detect(layout_golden["images_64"], layout_golden["im_size_64"])

    assert [len(one.scores) for one in found] == [0, 0]
    assert [one.boxes_xyxy.shape for one in found] == [(0, 4), (0, 4)]
