"""Backbones by the word that rows use for them; each gives C3, C4 and C5."""

from __future__ import annotations

from collections.abc import Mapping

from harness.model.networks.backbones import mobilenet_v1, resnet34, resnet50_vd_dcn
from harness.model.networks.backbones.contract import Backbone

BACKBONES: Mapping[str, Backbone] = {
    "mobilenet_v1": mobilenet_v1.mobilenet_v1,
    "resnet34": resnet34.resnet34,
    "resnet50_vd_dcn": resnet50_vd_dcn.resnet50_vd_dcn,
    # The same network; what differs is how its images are normalised (preprocess.py).
    "resnet50_vd_dcn_obj365": resnet50_vd_dcn.resnet50_vd_dcn,
}
