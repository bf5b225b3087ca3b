import shutil
from dataclasses import replace

import numpy as np
import pytest

from harness.errors import ArchiveUnreadable
from harness.model.boxes.object_finding import ObjectDetector, objects_of_heads
from harness.model.detectors.archive_heads import open_heads, plain_heads
from harness.model.detectors.opened_archive import OpenedArchive
from harness.model.detectors.yolov3 import open_yolov3
from harness.model.fluid.lod_tensor import read_tensor, write_tensor
from harness.model.fluid.program_desc import parse_program, write_program
from harness.model.layouts.separate_files import write_weights

WIDTH = 1 / 8


def open_with(folder, **kind):
    asked = {
        "backbone": "mobilenet_v1",
        "strategy": "prune_r578",
        "num_classes": 5,
        "width": WIDTH,
        **kind,
    }
    return open_yolov3(folder, **asked)


@pytest.fixture
def folder(tiny_folder, tmp_path):
    """A copy of the tiny archive that a test may spoil."""
    return shutil.copytree(tiny_folder, tmp_path / "archive")


@pytest.fixture(scope="module")
def opened(tiny_network, random_weights):
    return OpenedArchive(
        network=tiny_network,
        weights=random_weights,
        layout="separate_files",
        pruning="none",
        ignored_files=(),
    )


@pytest.fixture(scope="module")
def optimised(opened, cpu):
    """The random network as the graph that measures."""
    return open_heads(opened, cpu)


def images(batch, input_px, seed=1):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (batch, input_px, input_px, 3), dtype=np.uint8)


@pytest.mark.parametrize("input_px", [64, 96])
@pytest.mark.parametrize("batch", [1, 8])
def test_one_optimised_graph_is_the_plain_network_at_any_size_and_batch(
    opened, optimised, batch, input_px
):
    x = np.random.default_rng(3).standard_normal((batch, 3, input_px, input_px))
    x = x.astype(np.float32)

    found, plain = optimised(x), plain_heads(opened)(x)

    for one, reference in zip(found, plain, strict=True):
        assert one.shape == reference.shape
        assert np.abs(one - reference).max() < 1e-5 * np.abs(reference).max()


def test_the_batch_an_image_is_in_does_not_matter(tiny_opened, cpu, tiny_golden):
    detector = ObjectDetector(
        find=objects_of_heads(open_heads(tiny_opened, cpu)),
        backbone="mobilenet_v1",
        input_px=96,
    )
    pictures, sizes = tiny_golden["images_96"], tiny_golden["im_size_96"]

    together = detector.detect(pictures, sizes)
    alone = [
        detector.detect(pictures[one : one + 1], sizes[one : one + 1])[0]
        for one in range(2)
    ]

    for one, other in zip(together, alone, strict=True):
        assert one.classes.tolist() == other.classes.tolist()
        assert np.allclose(one.scores, other.scores, atol=1e-5)


def test_the_archive_says_what_it_is(tiny_opened):
    assert tiny_opened.layout == "separate_files"
    assert tiny_opened.pruning == "prune_r578"
    assert tiny_opened.ignored_files == ()
    assert len(tiny_opened.weights) == 241


def test_a_program_with_more_variables_than_the_network_is_refused(
    layout_copy, open_layout
):
    folder = layout_copy("program_separate")
    path = folder / "__model__"
    program = parse_program(path.read_bytes())
    twin = replace(program.variables["conv1_bn_mean"], name="image.scale_0")
    both = {**program.variables, twin.name: twin}
    path.write_bytes(write_program(replace(program, variables=both)))
    shutil.copy(folder / "conv1_bn_mean", folder / "image.scale_0")

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^the program has 1 variables that the network has not; "
        r"expected 241 variables, got image.scale_0; the row may name the wrong",
    ):
        open_layout(folder)


@pytest.mark.parametrize("name", ["program_params", "pdparams", "combined_file"])
def test_another_strategy_is_told_in_any_layout(name, layout_folder, open_layout):
    with pytest.raises(
        ArchiveUnreadable, match=r"expected 29 \(prune_sensity\), got 16 \(prune_r578\)"
    ):
        open_layout(layout_folder(name), strategy="prune_sensity")


@pytest.mark.parametrize("name", ["program_params", "pdparams", "combined_file"])
def test_another_number_of_classes_is_told_in_any_layout(
    name, layout_folder, open_layout
):
    with pytest.raises(ArchiveUnreadable, match=r"6 variables have another shape; got"):
        open_layout(layout_folder(name), num_classes=4)


def test_what_training_saved_beside_the_network_is_listed(folder):
    write_tensor(folder / "conv1_weights_velocity_0", np.zeros(1, np.float32))

    assert open_with(folder).ignored_files == ("conv1_weights_velocity_0",)


def test_the_shapes_of_another_strategy_name_both(folder):
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^yolo_block.0.0.0.conv.weights: output channels; "
        r"expected 58 \(prune_sensity\), got 32 \(prune_r578\); "
        r"the row may name the wrong archive or strategy$",
    ):
        open_with(folder, strategy="prune_sensity")


def test_a_strategy_that_does_not_prune_wants_the_full_head(folder):
    with pytest.raises(ArchiveUnreadable, match=r"expected 64 \(none\), got 32"):
        open_with(folder, strategy="distill_l2")


def test_the_strategy_of_an_erratum_is_accepted_and_told(folder):
    opened = open_with(folder, strategy="prune_sensity", also_accepted=("prune_r578",))

    assert opened.pruning == "prune_r578"


def test_shapes_that_neither_the_row_nor_its_erratum_has_name_both(folder):
    with pytest.raises(
        ArchiveUnreadable, match=r"expected 58 \(prune_sensity or none\), got 32"
    ):
        open_with(folder, strategy="prune_sensity", also_accepted=("distill_l2",))


def test_shapes_of_no_strategy_list_the_known_ones(folder):
    name = "yolo_block.1.tip.conv.weights"
    write_tensor(folder / name, np.array(read_tensor(folder / name)[:-1]))

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^yolo_block.1.tip.conv.weights: output channels; expected 19 "
        r"\(prune_r578\), got 18 \(none of none, prune_r578, prune_sensity\)",
    ):
        open_with(folder)


def test_head_weights_without_dimensions_are_refused(folder):
    write_tensor(folder / "yolo_block.0.0.0.conv.weights", np.array(0, np.float32))

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^yolo_block.0.0.0.conv.weights: shape; "
        r"expected \(O, I, k, k\), got \(\)$",
    ):
        open_with(folder)


def test_a_missing_head_convolution_is_named(folder):
    (folder / "yolo_block.2.tip.conv.weights").unlink()

    with pytest.raises(
        ArchiveUnreadable, match=r"^yolo_block.2.tip.conv.weights: no such file"
    ):
        open_with(folder)


def test_a_missing_variable_is_named(folder):
    (folder / "conv6_dw_bn_mean").rename(folder / "conv6_dw_bn_average")

    with pytest.raises(
        ArchiveUnreadable,
        match="1 of 241 variables have no file; expected conv6_dw_bn_mean, "
        "got files of no variable: conv6_dw_bn_average",
    ):
        open_with(folder)


def test_another_number_of_classes_is_a_matter_of_shape(folder):
    with pytest.raises(
        ArchiveUnreadable,
        match=r"6 variables have another shape; got yolo_output.0.conv.weights "
        r"\(33, 64, 1, 1\) is \(30, 64, 1, 1\)",
    ):
        open_with(folder, num_classes=6)


def test_another_width_is_a_matter_of_channels(folder):
    with pytest.raises(ArchiveUnreadable, match=r"expected 64 \(prune_r578\), got 32"):
        open_with(folder, width=1 / 4)


def test_weights_that_are_written_are_opened(tmp_path, random_weights):
    write_weights(tmp_path, random_weights)

    opened = open_with(tmp_path, strategy="baseline")

    assert opened.pruning == "none"
    assert all(
        np.array_equal(opened.weights[name], value)
        for name, value in random_weights.items()
    )
