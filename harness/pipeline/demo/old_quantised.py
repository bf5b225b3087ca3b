"""Brings the demo's quantised archives and their APs over from the old runtime.

Paddle 1.8.5 and its PaddleSlim made them of the zoo's float archives, and ran them:
`tox -e oracle -- --quant --write`, which needs CPython 3.7. So the numbers that these
rows claim are another runtime's, as in the published zoo.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from harness.artifact.checkpoint_folder import find_checkpoint_folder
from harness.artifact.unpack import unpack
from harness.dataset.views import AsItIs
from harness.errors import ZooDataError, located
from harness.pipeline.measure.architectures import view_of
from harness.registry.location import QUANTISED_BY_ORACLE
from harness.values.rows import METRICS_OF_DATASET, Row

#: Archive of the demo zoo -> model, kind and layout of what the old runtime made.
QUANTISED: Mapping[str, tuple[str, str]] = {
    "demo_yolov3_mobilenet_v1_quant_post": ("yolov3_post", "files"),
    "demo_yolov3_mobilenet_v1_quant_aware": ("yolov3_aware", "files"),
    "demo_blazeface_nas_quant_post": ("blazeface_post", "files"),
    "demo_blazeface_nas_quant_aware": ("blazeface_aware", "export"),
}


def copy_folder(home: Path, archive: str, folder: Path) -> None:
    """Put the files of a quantised archive into a folder that is not there yet.

    Args:
        home: the checkout.
        archive: key of ``QUANTISED``.
        folder: is made; what was unpacked lies beside it.
    """
    name = "_".join(QUANTISED[archive])
    unpacked = unpack(home / QUANTISED_BY_ORACLE / f"{name}.tar.gz", folder.parent)
    shutil.copytree(find_checkpoint_folder(unpacked, name), folder)


def old_scores_pct(home: Path, row: Row) -> Mapping[str, float]:
    """Return what 1.8.5 measured of a row: the metrics that its dataset claims.

    Args:
        home: the checkout.
        row: of an archive of ``QUANTISED``.

    Raises:
        ZooDataError: the old runtime measured no such input size.
    """
    kind, _ = QUANTISED[row.archive]
    path = home / QUANTISED_BY_ORACLE / f"{kind}.json"
    with located(path):
        ap_pct = json.loads(path.read_text(encoding="utf-8"))["ap_pct"]
        size = "own" if view_of(row, row.input_px) == AsItIs() else str(row.input_px)
        if size not in ap_pct:
            raise ZooDataError("ap_pct", expected=size, got=", ".join(ap_pct))
        return {
            metric: ap_pct[size][metric] for metric in METRICS_OF_DATASET[row.dataset]
        }
