import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.detectors.architectures import shapes_of_row, structure_of_row
from harness.model.fluid.lod_tensor import tensor_record
from harness.model.networks.backbones import BACKBONES
from harness.model.networks.structure import (
    Structure,
    directory_blocks,
    folder_bytes,
    int8_bytes,
    record_bytes,
)
from harness.values.rows import Row


def row_of(strategy="baseline", *, input_px=608, dataset="coco", **fields):
    row = Row(
        row_id="a-row",
        zoo="a",
        table="t",
        architecture="yolov3",
        backbone="mobilenet_v1",
        dataset=dataset,
        strategy=strategy,
        input_px=input_px,
        archive="a",
        num_classes={"coco": 80, "voc": 20}[dataset],
    )
    return dataclasses.replace(row, **fields)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_backbone_has_a_structure(backbone):
    found = structure_of_row(row_of(backbone=backbone))

    assert found.variables > 200
    assert found.elements > 24_000_000
    assert found.gflops_true >= found.gflops > 20
    assert found.folder_mib * 2**20 > found.files_kb * 1000 > found.elements * 4


def test_the_published_figures_of_a_baseline():
    found = structure_of_row(row_of())

    assert found.variables == 241  # zoo-spec 2
    assert found.elements == 24_609_981
    assert f"{found.gflops:.2f}" == "20.64"  # zoo-spec 6.3
    assert f"{found.folder_mib:.2f}" == "94.60"  # zoo-spec 3.4
    assert found.files_kb == pytest.approx(98_446.263)  # zoo-spec Appendix A


@pytest.mark.parametrize("input_px", [320, 416, 608])
def test_work_alone_depends_on_the_input_size(input_px):
    found = structure_of_row(row_of(input_px=input_px))
    other = structure_of_row(row_of())

    assert found.gflops / other.gflops == pytest.approx((input_px / 608) ** 2)
    assert dataclasses.replace(found, gflops=0, gflops_true=0) == dataclasses.replace(
        other, gflops=0, gflops_true=0
    )


def test_a_taught_pruned_network_has_the_shapes_of_its_pruning():
    taught = shapes_of_row(row_of("distill_prune_r578"))
    pruned = shapes_of_row(row_of("prune_r578"))

    assert taught == pruned
    assert pruned != shapes_of_row(row_of("distill_split"))


def test_int8_sizes_are_near_the_published_ones():
    post = structure_of_row(row_of("quant_post"))
    aware = structure_of_row(row_of("quant_aware"))

    assert post.figure("int8_size_mb") == pytest.approx(24.8, abs=0.05)  # zoo-spec 3.4
    assert aware.figure("int8_size_mb") == pytest.approx(26.2, abs=0.05)


def test_training_quantised_leaves_outputs_and_deformable_convolutions_float():
    shapes = {
        "conv_weights": (4, 2, 3, 3),
        "res5a_branch2b_weights": (4, 2, 3, 3),
        "res5a_branch2b_conv_offset.w_0": (27, 2, 3, 3),
        "yolo_output.0.conv.weights": (5, 4, 1, 1),
        "bn_scale": (4,),
    }

    assert int8_bytes(shapes, keeps_float=False) == 72 + 72 + 486 + 20 + 16
    assert int8_bytes(shapes, keeps_float=True) == 72 + 4 * 72 + 486 + 4 * 20 + 16


@given(st.lists(st.integers(min_value=1, max_value=70), min_size=1, max_size=3))
def test_the_length_of_a_file_is_known_without_writing_it(shape):
    record = tensor_record(np.zeros(shape, np.float32))

    assert record_bytes(shape) == len(record)


def test_the_examples_of_file_lengths():
    assert record_bytes((32, 3, 3, 3)) == 3_486  # zoo-spec Appendix A
    assert record_bytes((32,)) == 152


def test_a_folder_fills_whole_blocks():
    assert folder_bytes({"a": (32,)}) == 2 * 4096  # a file, and the folder's entry
    assert folder_bytes({"a": (1024,)}) == 3 * 4096


@given(st.integers(min_value=1, max_value=400))
def test_a_folder_that_outgrows_a_block_gets_an_index(count):
    names = [f"{number:024}" for number in range(count)]  # 32 bytes each
    blocks = math.ceil(count * 32 / 4096)

    assert directory_blocks(names) == (1 if blocks == 1 else blocks + 1)


def test_the_folder_of_241_names_is_12_kib():
    assert directory_blocks(shapes_of_row(row_of()).variables) == 3  # zoo-spec 3.4


def test_each_published_figure_is_in_its_own_unit():
    structure = Structure(
        variables=1,
        elements=2,
        gflops=20.5,
        gflops_true=21.5,
        folder_mib=94.5,
        files_kb=98_446.0,
        int8_bytes=24_800_000,
    )

    assert {
        metric: structure.figure(metric)
        for metric in ("gflops", "size_mb", "size_kb", "int8_size_mb", "int8_size_kb")
    } == {
        "gflops": 20.5,  # deformable convolutions left out, as in the documents
        "size_mb": 94.5,
        "size_kb": 98_446.0,
        "int8_size_mb": 24.8,
        "int8_size_kb": 24_800.0,
    }


def test_a_figure_without_a_name_here_is_a_mistake_of_the_caller():
    with pytest.raises(KeyError, match="latency"):
        structure_of_row(row_of()).figure("latency")
