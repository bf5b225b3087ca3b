"""The metrics, by the word that rows use for their dataset."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from harness.errors import DetectionsInvalid
from harness.evaluate.coco import ap as coco_ap
from harness.evaluate.coco.engine_names import (
    DEFAULT_ENGINE,
    ENGINE_NAMES,
    chosen_engine,
    engine_name,
)
from harness.evaluate.voc import ap as voc_ap
from harness.evaluate.voc.options import VocOptions
from harness.evaluate.widerface import ap as wider_ap
from harness.evaluate.widerface.ap import WiderOptions
from harness.values.detections import Detections, Results
from harness.values.truth import CocoTruth, FaceTruth, Truth, VocTruth


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What scores the detections of one dataset."""

    truth_kind: type[Truth]
    engine_name: Callable[[], str]
    scorer: Callable[..., Mapping[str, float]]  # of detections and truth

    def score(self, found: Detections | Results, truth: Truth) -> Mapping[str, float]:
        """Return the scores in percent, unrounded, those that rows claim first.

        Raises:
            DetectionsInvalid: the truth is another dataset's, or the metric refuses.
            DatasetInvalid: the truth is malformed, or has nothing to score against.
        """
        if not isinstance(truth, self.truth_kind):
            raise DetectionsInvalid(
                "truth", expected=self.truth_kind.__name__, got=type(truth).__name__
            )
        return self.scorer(found, truth)


#: Engine -> the COCO metric by it; the judge first.
COCO_METRICS: Mapping[str, Metric] = {
    engine: Metric(
        truth_kind=CocoTruth,
        engine_name=partial(engine_name, engine),
        scorer=partial(coco_ap.score, engine=engine),
    )
    for engine in ENGINE_NAMES
}
METRICS: Mapping[str, Metric] = {
    "coco": COCO_METRICS[DEFAULT_ENGINE],
    "voc": Metric(
        truth_kind=VocTruth, engine_name=voc_ap.engine_name, scorer=voc_ap.score
    ),
    "widerface": Metric(
        truth_kind=FaceTruth, engine_name=wider_ap.engine_name, scorer=wider_ap.score
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
    engine = chosen_engine(coco_engine)
    if dataset == "coco":
        return COCO_METRICS[engine]
    metric = METRICS[dataset]
    if options is None:
        return metric
    return replace(metric, scorer=partial(metric.scorer, options=options))


def every_metric(dataset: str) -> tuple[Metric, ...]:
    """Return the metric of a dataset by each of its engines, the judge first.

    Args:
        dataset: of ``METRICS``.
    """
    return tuple(COCO_METRICS.values()) if dataset == "coco" else (METRICS[dataset],)
