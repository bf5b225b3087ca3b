"""Backbones by the word that rows use for them; each gives C3, C4 and C5."""

from __future__ import annotations

from collections.abc import Mapping

from harness.model.backbones import mobilenet_v1
from harness.model.backbones.contract import Backbone

BACKBONES: Mapping[str, Backbone] = {
    "mobilenet_v1": mobilenet_v1.mobilenet_v1,
}
