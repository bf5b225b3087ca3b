"""The table of architectures, walked: a new one is tested by being listed."""

from dataclasses import replace

import numpy as np
import pytest

from harness.errors import ArchiveUnreadable
from harness.model.detectors.architectures import (
    ARCHITECTURES,
    demand_row,
    network_of_row,
    open_archive,
    protocol_of_row,
    shapes_of_row,
    structure_of_row,
)
from harness.model.networks.shapes import network_shapes
from harness.model.program.program_service import DETECTORS
from harness.pipeline.measure import architectures as pipeline
from harness.registry import words
from harness.train import architectures as train
from harness.values.rows import MARKERS, Row

BACKBONES = [
    (name, backbone)
    for name, one in ARCHITECTURES.items()
    for backbone in one.backbones
]
UNKNOWN = [
    ("yolov3", "resnet18"),
    ("yolov3", "lite"),
    ("blazeface", "mobilenet_v1"),
    ("ssd", "mobilenet_v1"),
]


def row_of(architecture, backbone, strategy="baseline"):
    return Row(
        row_id="a-row",
        zoo="a",
        table="t",
        architecture=architecture,
        backbone=backbone,
        dataset="coco",
        strategy=strategy,
        input_px=96,
        archive="a",
        num_classes=5,
        width=1 / 8 if architecture == "yolov3" else 1.0,
        scales="single",
    )


def test_every_room_has_an_entry_for_every_architecture():
    for room in (
        pipeline.ARCHITECTURES,
        train.ARCHITECTURES,
        words.BACKBONES,
    ):
        assert set(room) == set(ARCHITECTURES)
    assert set(ARCHITECTURES) < set(MARKERS)


@pytest.mark.parametrize(("architecture", "backbone"), BACKBONES)
def test_every_backbone_has_network_protocol_and_figures(architecture, backbone):
    row = row_of(architecture, backbone)

    demand_row(row)
    assert shapes_of_row(row).variables
    assert structure_of_row(row).elements > 1000
    assert int(protocol_of_row(row)["keep_top_k"]) > 0
    assert "quantisation_rounding" not in protocol_of_row(row)
    quantised = replace(row, strategy="quant_post")
    assert "quantisation_rounding" in protocol_of_row(quantised)


@pytest.mark.parametrize(("architecture", "backbone"), BACKBONES)
def test_every_detector_gives_detections_of_each_image(architecture, backbone):
    """By heads that see nothing, and by a program that finds nothing."""
    row, kind = row_of(architecture, backbone), ARCHITECTURES[architecture]
    outputs, network = [], network_of_row(row)
    network_shapes(lambda ops, image: outputs.extend(network(ops, image)))

    def heads(images):
        """Logits of -50, but 50 for the background of a face network."""
        silent = [
            np.full((2, one.channels, *[int(96 * one.scale)] * 2), -50, np.float32)
            for one in outputs
        ]
        if architecture == "blazeface":
            for classes in silent[1::2]:
                classes[:, 0::2] = 50
        return silent

    def nothing(images, sizes_hw):
        return np.full((1, 1), -1, np.float32), [0, 1]

    images = np.zeros((2, 96, 96, 3), np.uint8)
    sizes_hw = np.int32([[48, 96], [96, 96]])
    word = kind.word(row)
    for detector in (
        kind.detector(heads, word, 96, pytest.fail),
        DETECTORS[kind.program_detector](nothing, word, 96),
    ):
        detections = detector.detect(images, sizes_hw)

        assert detector.input_px == 96
        assert [len(one.scores) for one in detections] == [0, 0]
        assert detector.cpu_clock_s() > 0


def test_only_yolov3_rows_trained_in_8_bits_keep_some_convolutions_in_float():
    yolov3 = row_of("yolov3", "mobilenet_v1")
    sizes = {
        strategy: structure_of_row(replace(yolov3, strategy=strategy)).int8_bytes
        for strategy in ("quant_post", "quant_aware")
    }
    face = row_of("blazeface", "nas")

    assert sizes["quant_post"] < sizes["quant_aware"]
    assert (
        structure_of_row(replace(face, strategy="quant_aware")).int8_bytes
        == structure_of_row(replace(face, strategy="quant_post")).int8_bytes
    )


@pytest.mark.parametrize(("architecture", "backbone"), UNKNOWN)
def test_a_network_that_is_not_built_is_named_before_a_download(architecture, backbone):
    row = row_of(architecture, backbone)

    with pytest.raises(
        ArchiveUnreadable,
        match=f"^no network {architecture}-{backbone} in this version; expected .*"
        r"yolov3-mobilenet_v1.* or blazeface-nas; the archive was not downloaded$",
    ):
        demand_row(row)


@pytest.mark.parametrize(("architecture", "backbone"), UNKNOWN)
def test_a_network_that_is_not_built_has_no_figures(architecture, backbone):
    for ask in (network_of_row, shapes_of_row, structure_of_row):
        with pytest.raises(
            ArchiveUnreadable,
            match=f"^no network {architecture}-{backbone} in this version; "
            "its figures were not computed$",
        ):
            ask(row_of(architecture, backbone))


@pytest.mark.parametrize(("architecture", "backbone"), UNKNOWN)
def test_a_network_that_is_not_built_is_refused_before_the_folder_is_read(
    architecture, backbone, tmp_path
):
    with pytest.raises(ArchiveUnreadable, match=r"^no network "):
        open_archive(tmp_path / "nowhere", row_of(architecture, backbone))


def test_an_archive_is_opened_as_its_row_says(tiny_folder, face_folders):
    pruned = row_of("yolov3", "mobilenet_v1", "prune_r578")
    sensitive = replace(pruned, strategy="prune_sensity")
    faces = row_of("blazeface", "nas")

    assert open_archive(tiny_folder, pruned).pruning == "prune_r578"
    assert open_archive(tiny_folder, sensitive, ("prune_r578",)).network
    assert open_archive(face_folders["nas"], faces).network.edition == "nas"
    with pytest.raises(ArchiveUnreadable, match=r"\(prune_sensity\), got 32"):
        open_archive(tiny_folder, sensitive)
