"""The six quant-aware checkpoints at full width: every scale is paired.

``tox -e oracle -- --full-quant DIR`` makes them (460 MB); ZOO_ORACLE_QUANT names DIR.
"""

import os
from pathlib import Path

import pytest

from harness.pipeline.archives.described_archive import describe_archive
from harness.registry.zoo import open_zoo

FOLDER = os.environ.get("ZOO_ORACLE_QUANT")
JANUARY = open_zoo("january-2020")

#: Row of the printed address -> convolutions, activations.  # zoo-spec 2.7
COUNTS = {
    "yolov3-mobilenet_v1-coco-quant_aware-608": (47, 45),
    "yolov3-resnet34-coco-quant_aware-608": (57, 51),
    "yolov3-resnet50_vd_dcn_obj365-coco-quant_aware-608": (75, 72),
    "blazeface-original-widerface-quant_aware-640": (42, 39),
    "blazeface-lite-widerface-quant_aware-640": (48, 37),
    "blazeface-nas-widerface-quant_aware-640": (30, 27),
}


@pytest.mark.skipif(FOLDER is None, reason="ZOO_ORACLE_QUANT names no folder")
@pytest.mark.parametrize("row_id", COUNTS)
def test_every_scale_of_a_checkpoint_is_paired(row_id: str) -> None:
    row = JANUARY.row(row_id)
    name = Path(JANUARY.archives[row.archive].url).name
    (archive,) = Path(str(FOLDER)).rglob(name)

    found = describe_archive(JANUARY, row, archive)

    convolutions, activations = COUNTS[row_id]
    assert found.layout == "separate_files"
    assert found.ignored_files == ()
    assert found.notes == (
        f"8 bits: {convolutions} convolutions, {activations} activations",
    )
