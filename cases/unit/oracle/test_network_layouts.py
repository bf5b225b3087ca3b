"""Every network in every layout that the old runtime wrote, against what it computed.

A few are committed. ``tox -e oracle-full`` makes all of them (4 MB) and names their
folder in ZOO_ORACLE_LAYOUTS: then all are looked at.
"""

import os
from pathlib import Path

import numpy as np
import pytest

MADE = Path(__file__).parents[2] / "oracle" / "made"
FOLDER = Path(os.environ.get("ZOO_ORACLE_LAYOUTS", MADE))
AGREES = 1e-4  # zoo-spec Appendix A

#: Layout in the name of an archive -> word in the record.
LAYOUTS = {
    "separate_files": "separate_files",
    "combined_file": "combined_file",
    "pdparams": "pdparams",
    "program_separate": "program",
    "program_params": "program",
    "program_weights": "program",
}
FACES = {"golden": "faces_golden.npz", "size": "65x97"}
#: Network -> archive of separate files, where the values come from; golden; what it is.
NETWORKS = {
    "mobilenet_v1": (
        "layout_training_checkpoint",
        {"golden": "layout_golden.npz", "size": "64"},
        {
            "backbone": "mobilenet_v1",
            "strategy": "prune_r578",
            "num_classes": 3,
            "width": 1 / 16,
        },
    ),
    "r34": (
        "tiny_yolov3_r34",
        {"golden": "tiny_r34.npz", "size": "64"},
        {"backbone": "resnet34", "width": 1 / 32},
    ),
    "r50vd_dcn": (
        "tiny_yolov3_r50vd_dcn_prune578",
        {"golden": "tiny_r50vd_dcn.npz", "size": "64"},
        {"backbone": "resnet50_vd_dcn", "strategy": "prune_r578", "width": 1 / 32},
    ),
    "r50vd_dcn_obj365": (
        "tiny_yolov3_r50vd_dcn_obj365",
        {"golden": "tiny_r50vd_dcn_obj365.npz", "size": "64"},
        {"backbone": "resnet50_vd_dcn_obj365", "width": 1 / 32},
    ),
    "blazeface_original": (
        "tiny_blazeface_original",
        FACES,
        {"backbone": "original", "width": 1 / 4, "is_face": True},
    ),
    "blazeface_lite": (
        "tiny_blazeface_lite",
        FACES,
        {"backbone": "lite", "width": 1 / 4, "is_face": True},
    ),
    "blazeface_nas": (
        "tiny_blazeface_nas",
        FACES,
        {"backbone": "nas", "width": 1.0, "is_face": True},
    ),
}
COMBINATIONS = [
    (network, layout)
    for network in NETWORKS
    for layout in LAYOUTS
    if FOLDER != MADE or (MADE / f"layout_{network}_{layout}.tar.gz").is_file()
]


@pytest.fixture(scope="module", params=COMBINATIONS, ids="-".join)
def case(request, old_network, unpacked):
    """A network, an archive of it in some layout, its values, and its golden."""
    network, layout = request.param
    archive, where, kind = NETWORKS[network]
    old = old_network(**kind)
    opened = old.open(unpacked(FOLDER / f"layout_{network}_{layout}.tar.gz"))
    values = old.open(unpacked(MADE / f"{archive}.tar.gz")).weights
    with np.load(MADE / where["golden"]) as arrays:
        golden = old.of(arrays, where["size"])
    return layout, old, opened, values, golden


def test_each_family_has_a_committed_pickle_and_a_committed_program():
    committed = {one.name for one in MADE.glob("layout_*")}

    for family in ("", "r34_", "r50vd_dcn_", "blazeface_lite_"):
        assert f"layout_{family}pdparams.tar.gz" in committed
        assert any(one.startswith(f"layout_{family}program") for one in committed)


def test_the_layout_is_told_and_holds_the_values_of_the_archive(case):
    layout, _, opened, values, _ = case

    assert opened.layout == LAYOUTS[layout]
    assert (opened.program is not None) == (opened.layout == "program")
    assert opened.weights.keys() == values.keys()
    for name, one in values.items():
        assert np.array_equal(opened.weights[name], one)


def test_the_heads_are_those_of_the_old_runtime(case, cpu, largest_difference):
    _, old, opened, _, golden = case

    found = old.heads(opened, cpu, "plain")(golden["images"])

    assert largest_difference(found, golden) < AGREES


def test_the_detections_are_those_of_the_old_runtime(case, cpu, unmatched_rows):
    _, old, opened, _, golden = case
    lengths = golden["lengths"]

    found = old.detect(opened, cpu, golden)

    assert lengths.sum() > 0
    assert [len(one) for one in found] == lengths.tolist()
    expected = np.split(golden["detections"], np.cumsum(lengths)[:-1])
    for rows, wanted in zip(found, expected, strict=True):
        assert unmatched_rows(rows, wanted, score=1e-4, box_px=0.05) == ([], [])
