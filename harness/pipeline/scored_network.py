"""A network, its weights and a dataset in, its scores out: nothing kept or judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.dataset.image import read_rgb
from harness.dataset.labelled import LabelledSet
from harness.dataset.resize import resize_cubic
from harness.detections import join_images
from harness.evaluate import coco_ap
from harness.evaluate.batches import BATCH_SIZE
from harness.model.detector import Detector
from harness.model.device import open_device
from harness.model.heads import graph_heads
from harness.model.network import Network
from harness.truth import CocoTruth


def score_network(
    network: Network,
    weights: Mapping[str, NDArray[Any]],
    found: LabelledSet[CocoTruth],
    *,
    input_px: int,
) -> Mapping[str, float]:
    """Return the scores of a network that is in memory, in percent, unrounded."""
    device = open_device(gpu=False)
    detector = Detector(
        heads=graph_heads(network, weights, device, optimise=True),
        backbone=network.backbone,
        input_px=input_px,
    )
    detections = []
    for start in range(0, len(found.images), BATCH_SIZE):
        entries = found.images[start : start + BATCH_SIZE]
        images = [resize_cubic(read_rgb(one.path), input_px) for one in entries]
        sizes = [(one.height_px, one.width_px) for one in entries]
        detections += detector.detect(
            np.stack(images), np.asarray(sizes, dtype=np.int32)
        )
    ids = [one.image_id for one in found.images]
    return coco_ap.score(join_images(ids, detections), found.truth)
