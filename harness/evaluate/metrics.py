"""The metrics, by the word that rows use for their dataset."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from harness.errors import DetectionsInvalid
from harness.evaluate.coco import ap as coco_ap
from harness.evaluate.coco import curves as coco_curves
from harness.evaluate.coco.engine_names import (
    DEFAULT_ENGINE,
    ENGINE_NAMES,
    chosen_engine,
    engine_name,
)
from harness.evaluate.coco.weighted import weighted_coco
from harness.evaluate.curve import Curve
from harness.evaluate.voc import ap as voc_ap
from harness.evaluate.voc.options import VOC_CONVENTIONS, VocOptions
from harness.evaluate.voc.weighted import weighted_voc
from harness.evaluate.weighted_ap import Weighted
from harness.evaluate.widerface import ap as wider_ap
from harness.evaluate.widerface.ap import ARITHMETICS, WiderOptions
from harness.evaluate.widerface.weighted import weighted_wider
from harness.values.detections import Detections, Results
from harness.values.truth import CocoTruth, FaceTruth, Truth, VocTruth

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One program that computes a metric; all programs of it give the same bits."""

    name: Callable[[], str]  # with its version
    score: Callable[..., Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """How the detections of one dataset are scored, told in parts and compared.

    The functions take detections and truth.
    """

    truth_kind: type[Truth]
    engine_name: Callable[[], str]
    scorer: Callable[..., Mapping[str, float]]
    #: The APs as a function of how often each image counts.
    weighted: Callable[..., Weighted]
    #: How the AP is told in parts: "class" -> name -> percent. What has nothing to find
    #: is left out.
    ways: Mapping[str, Callable[..., Mapping[str, float]]]
    curves: Callable[..., tuple[Curve, ...]]
    #: What may be chosen of the way to score -> the words for it; none: free names.
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: By name, the judge first; empty where there is no choice.
    engines: Mapping[str, Engine] = field(default_factory=dict)

    def score(
        self, detections: Detections | Results, truth: Truth
    ) -> Mapping[str, float]:
        """Return the scores in percent, unrounded, those that rows claim first.

        Raises:
            DetectionsInvalid: the truth is another dataset's, or the metric refuses.
            DatasetInvalid: the truth is malformed, or has nothing to score against.
        """
        if not isinstance(truth, self.truth_kind):
            raise DetectionsInvalid(
                "truth", expected=self.truth_kind.__name__, got=type(truth).__name__
            )
        return self.scorer(detections, truth)

    def by_engine(self, name: str) -> Metric:
        """Return the metric computed by an engine; itself where it has no such one."""
        if name not in self.engines:
            return self
        engine = self.engines[name]
        return replace(self, engine_name=engine.name, scorer=engine.score)

    def with_options(self, options: VocOptions | WiderOptions) -> Metric:
        """Return the metric by other conventions, in all that it computes.

        Args:
            options: the metric's own.
        """
        return replace(
            self,
            scorer=partial(self.scorer, options=options),
            weighted=partial(self.weighted, options=options),
            ways={
                word: partial(way, options=options) for word, way in self.ways.items()
            },
            curves=partial(self.curves, options=options),
        )


_COCO_ENGINES: Mapping[str, Engine] = {
    name: Engine(
        name=partial(engine_name, name), score=partial(coco_ap.score, engine=name)
    )
    for name in ENGINE_NAMES
}

#: Word of rows -> the metric; the same words as ``PUBLISHED_DATASETS``.
METRICS: Mapping[str, Metric] = {
    "coco": Metric(
        truth_kind=CocoTruth,
        engine_name=_COCO_ENGINES[DEFAULT_ENGINE].name,
        scorer=_COCO_ENGINES[DEFAULT_ENGINE].score,
        weighted=weighted_coco,
        ways={"class": coco_curves.ap_by_class, "size": coco_ap.ap_by_size},
        curves=coco_curves.curves,
        engines=_COCO_ENGINES,
    ),
    "voc": Metric(
        truth_kind=VocTruth,
        engine_name=voc_ap.engine_name,
        scorer=voc_ap.score,
        weighted=weighted_voc,
        ways={"class": voc_ap.ap_by_class},
        curves=voc_ap.curves,
        choices={"convention": tuple(VOC_CONVENTIONS), "classes": ()},
    ),
    "widerface": Metric(
        truth_kind=FaceTruth,
        engine_name=wider_ap.engine_name,
        scorer=wider_ap.score,
        weighted=weighted_wider,
        ways={"subset": wider_ap.score},
        curves=wider_ap.curves,
        choices={"arithmetic": tuple(ARITHMETICS)},
    ),
}


def metric_of(
    dataset: str,
    *,
    coco_engine: str = DEFAULT_ENGINE,
    options: VocOptions | WiderOptions | None = None,
) -> Metric:
    """Return the metric of a dataset, by the engine asked for where it has several.

    Args:
        dataset: of ``METRICS``.
        coco_engine: of ``ENGINE_NAMES``.
        options: that metric's own, where it has some; None: the published ones.

    Raises:
        UsageError: there is no such engine.
    """
    metric = METRICS[dataset].by_engine(chosen_engine(coco_engine))
    LOGGER.info("%s is scored by %s", dataset, metric.engine_name())
    return metric if options is None else metric.with_options(options)


def every_metric(dataset: str) -> tuple[Metric, ...]:
    """Return the metric of a dataset by each of its engines, the judge first.

    Args:
        dataset: of ``METRICS``.
    """
    metric = METRICS[dataset]
    return tuple(metric.by_engine(name) for name in metric.engines) or (metric,)
