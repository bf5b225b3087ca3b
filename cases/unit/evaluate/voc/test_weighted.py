import numpy as np
import pytest

from harness.evaluate.voc.ap import score
from harness.evaluate.voc.options import VocOptions
from harness.evaluate.voc.weighted import weighted_voc
from harness.values.detections import Results
from harness.values.truth import VocTruth

#: A cat that is found in image 0, a dog in image 1 that nothing looks for.
TRUTH = VocTruth(
    image_ids=np.array([0, 1]),
    image_names=np.array(["000000", "000001"]),
    sizes_wh=np.full((2, 2), 99),
    class_names=np.array(["cat", "dog"]),
    box_image_ids=np.array([0, 1]),
    box_classes=np.array([0, 1], np.int32),
    boxes_xyxy=np.array([[1.0, 1, 20, 20], [5, 5, 40, 40]]),
    is_difficult=np.zeros(2, np.bool_),
)
FOUND = Results(
    evaluated_ids=np.array([0, 1]),
    image_ids=np.array([0]),
    classes=np.zeros(1, np.int32),
    scores=np.array([0.9]),
    boxes=np.array([[1.0, 1, 20, 20]]),
)


@pytest.mark.parametrize(("rule", "expected"), [("skipped", 100), ("zero", 50)])
@pytest.mark.parametrize("interpolation", ["11point", "area"])
def test_a_class_without_predictions_counts_as_the_options_say(
    rule: str, expected: float, interpolation: str
) -> None:
    options = VocOptions(interpolation=interpolation, classes_without_predictions=rule)  # type: ignore[arg-type]
    weighted = weighted_voc(FOUND, TRUTH, options)
    got = weighted.score(np.array([1, 1]))[:2].tolist()

    assert got == list(score(FOUND, TRUTH, options).values())
    assert got == pytest.approx([expected, expected])


def test_a_class_whose_predictions_are_not_drawn_is_without_any() -> None:
    weighted = weighted_voc(FOUND, TRUTH)

    assert weighted.score(np.array([0, 2]))[0] == 0
    assert np.isnan(weighted.score(np.array([0, 2]))[2:]).all()
