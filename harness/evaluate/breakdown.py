"""Detections and truth in, their AP by class, size or subset and the curves out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from harness.evaluate.coco import ap as coco_ap
from harness.evaluate.coco import curves as coco_curves
from harness.evaluate.coco.stats import SIZES_PX2
from harness.evaluate.curve import Curve
from harness.evaluate.voc import ap as voc_ap
from harness.evaluate.voc.options import PUBLISHED, VocOptions
from harness.evaluate.widerface import ap as wider_ap
from harness.evaluate.widerface.ap import WiderOptions
from harness.values.detections import Detections, Results

Found = Detections | Results


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """The ways in which one dataset's AP is told in parts."""

    ways: Mapping[str, Callable[..., Mapping[str, float]]]  # -> name -> percent
    curves: Callable[..., tuple[Curve, ...]]


def _coco_classes(found: Found, truth: Any) -> Mapping[str, float]:
    return {
        name: scores["box_ap"]
        for name, scores in coco_curves.by_class(found, truth).items()
    }


def _coco_sizes(found: Found, truth: Any) -> Mapping[str, float]:
    scores = coco_ap.score(found, truth)
    return {
        size: scores[f"box_ap_{size}"]
        for size in SIZES_PX2
        if f"box_ap_{size}" in scores
    }


def _voc_classes(
    found: Found, truth: Any, options: VocOptions = PUBLISHED
) -> Mapping[str, float]:
    return {one.name: one.ap_pct for one in voc_ap.curves(found, truth, options)}


#: Dataset -> how its AP is told in parts; what has nothing to find is left out.
BREAKDOWNS: Mapping[str, Breakdown] = {
    "coco": Breakdown(
        ways={"class": _coco_classes, "size": _coco_sizes}, curves=coco_curves.curves
    ),
    "voc": Breakdown(ways={"class": _voc_classes}, curves=voc_ap.curves),
    "widerface": Breakdown(ways={"subset": wider_ap.score}, curves=wider_ap.curves),
}


def breakdown_of(
    dataset: str, options: VocOptions | WiderOptions | None = None
) -> Breakdown:
    """Return the ways of a dataset, by the options of its metric where it has some.

    Args:
        dataset: of ``BREAKDOWNS``.
        options: that metric's own; None: the published ones.
    """
    plain = BREAKDOWNS[dataset]
    if options is None:
        return plain
    return Breakdown(
        ways={word: partial(way, options=options) for word, way in plain.ways.items()},
        curves=partial(plain.curves, options=options),
    )
