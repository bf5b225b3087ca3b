"""The metrics, by the word that rows use for their dataset."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.detections import Detections, Results
from harness.errors import DetectionsInvalid
from harness.evaluate import coco_ap, voc_ap, wider_ap
from harness.truth import CocoTruth, FaceTruth, Truth, VocTruth


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What scores the detections of one dataset."""

    truth_kind: type[Truth]
    engine_name: Callable[[], str]
    scorer: Callable[[Detections | Results, Any], Mapping[str, float]]

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


METRICS: Mapping[str, Metric] = {
    "coco": Metric(
        truth_kind=CocoTruth, engine_name=coco_ap.engine_name, scorer=coco_ap.score
    ),
    "voc": Metric(
        truth_kind=VocTruth, engine_name=voc_ap.engine_name, scorer=voc_ap.score
    ),
    "widerface": Metric(
        truth_kind=FaceTruth, engine_name=wider_ap.engine_name, scorer=wider_ap.score
    ),
}
