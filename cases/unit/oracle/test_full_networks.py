"""Every network at full width, made by Paddle 1.8.5, against its goldens.

``tox -e oracle-full`` makes them (650 MB), and names the folder in ZOO_ORACLE_FULL;
elsewhere this file is skipped, and the narrow archives stand in for these.
"""

import os
from pathlib import Path

import numpy as np
import pytest

FULL = os.environ.get("ZOO_ORACLE_FULL")
AGREES = 1e-4  # of the largest output  # zoo-spec Appendix A
WAYS = ("plain", "optimised", "not optimised")
SIZES = ("608", "416", "320")
FACE_SIZES = ("97x145", "480x641")
PRUNED = "mirror/PaddleSlim/prune"

#: Network -> archive, golden, variables, elements (zoo-spec 2, 4.2), what it is.
NETWORKS = {
    "mobilenet_v1": (
        f"{PRUNED}/yolov3_mobilenet_v1_prune578.tar",
        "golden_full.npz",
        (241, 8_016_992),
        {"backbone": "mobilenet_v1", "strategy": "prune_r578"},
    ),
    "r34": (
        "yolov3_r34.tar",
        "golden_full_r34.npz",
        (291, 42_343_101),
        {"backbone": "resnet34"},
    ),
    "r50vd_dcn": (
        f"{PRUNED}/yolov3_r50_dcn_prune1x.tar",
        "golden_full_r50vd_dcn.npz",
        (387, 38_873_523),
        {"backbone": "resnet50_vd_dcn", "strategy": "prune_sensity"},
    ),
    "r50vd_dcn_obj365": (
        "yolov3_r50vd_dcn_obj365_pretrained_coco.tar",
        "golden_full_r50vd_dcn_obj365.npz",
        (387, 46_023_086),
        {"backbone": "resnet50_vd_dcn_obj365"},
    ),
    "blazeface_original": (
        "blazeface_original.tar",
        "faces_full.npz",
        (198, 202_416),
        {"backbone": "original", "is_face": True},
    ),
    "blazeface_lite": (
        "blazeface_lite.tar",
        "faces_full.npz",
        (228, 176_226),
        {"backbone": "lite", "is_face": True},
    ),
    "blazeface_nas": (
        "blazeface_nas.tar",
        "faces_full.npz",
        (138, 60_012),
        {"backbone": "nas", "is_face": True},
    ),
}

if FULL is None:
    pytest.skip("needs tox -e oracle-full", allow_module_level=True)


@pytest.fixture(scope="module", params=NETWORKS)
def case(request, old_network, unpacked):
    """A network, its archive opened, its golden by size, and its known counts."""
    archive, golden, counts, kind = NETWORKS[request.param]
    old = old_network(**{"num_classes": 80, "width": 1.0, **kind})
    opened = old.open(unpacked(Path(FULL) / archive))
    with np.load(Path(FULL) / golden) as file:
        arrays = dict(file)
    sizes = FACE_SIZES if old.is_face else SIZES
    return old, opened, {size: old.of(arrays, size) for size in sizes}, counts


def test_every_variable_is_there_and_nothing_else(case):
    _, opened, _, counts = case

    weights = opened.weights
    assert (len(weights), sum(one.size for one in weights.values())) == counts
    assert opened.ignored_files == ()


@pytest.mark.parametrize("way", WAYS)
def test_the_heads_are_those_of_the_old_runtime(
    request, case, way, cpu, largest_difference, record_testsuite_property
):
    old, opened, golden_by_size, _ = case
    heads = old.heads(opened, cpu, way)

    differences = {
        size: largest_difference(heads(golden["images"]), golden)
        for size, golden in golden_by_size.items()
    }

    name = request.node.callspec.id
    record_testsuite_property(f"heads {name}", max(differences.values()))
    assert max(differences.values()) < AGREES, differences


def test_the_detections_are_those_of_the_old_runtime(case, cpu, unmatched_rows):
    old, opened, golden_by_size, _ = case
    for golden in golden_by_size.values():
        lengths = golden["lengths"]

        found = old.detect(opened, cpu, golden)

        assert lengths.sum() > 0
        assert [len(one) for one in found] == lengths.tolist()
        expected = np.split(golden["detections"], np.cumsum(lengths)[:-1])
        for rows, wanted in zip(found, expected, strict=True):
            assert unmatched_rows(rows, wanted, score=1e-3, box_px=0.1) == ([], [])
