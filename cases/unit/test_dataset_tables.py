"""A dataset has one entry in each of four tables, and its word stands nowhere else."""

import ast
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harness
from harness.dataset.datasets import DATASETS
from harness.dataset.labelled import LabelledSet
from harness.dataset.views import DECODERS
from harness.evaluate.metrics import METRICS, Metric
from harness.evaluate.voc.options import PUBLISHED
from harness.evaluate.widerface.ap import WiderOptions
from harness.formats.table import FORMATS
from harness.values.datasets import PUBLISHED_DATASETS
from harness.values.detections import Detections
from harness.values.rows import MARKERS
from harness.values.truth import Truth

HARNESS = Path(harness.__file__).parent

#: Where a word of a dataset may stand, and why.
WORDS_STAND_IN = {
    "values/datasets.py": "the table of what is published",
    "dataset/datasets.py": "the table of the room",
    "evaluate/metrics.py": "the table of the room",
    "formats/table.py": "the table of the room",
    "dataset/coco.py": "a folder of the data root has that name",
}


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A small set of one dataset, and detections of two classes near its objects."""

    root: Path
    opened: LabelledSet[Truth]
    found: Detections


@pytest.fixture(scope="module", params=PUBLISHED_DATASETS)
def name(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module")
def drawn(name: str, tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    root = tmp_path_factory.mktemp(name)
    DATASETS[name].draw(root, seed=3, count=3, report=lambda done, total: None)
    opened = DATASETS[name].open(root)
    truth = opened.truth
    arrays = truth.arrays()
    if "boxes_xyxy" in arrays:
        boxes = arrays["boxes_xyxy"] - 1  # detections count from 0
        classes = arrays["box_classes"]
    else:
        boxes = np.hstack(
            [
                arrays["boxes_xywh"][:, :2],
                arrays["boxes_xywh"][:, :2] + arrays["boxes_xywh"][:, 2:] - 1,
            ]
        )
        classes = np.zeros(len(boxes), np.int32)
    if "category_ids" in arrays:
        classes = np.searchsorted(arrays["category_ids"], arrays["box_category_ids"])
    count = len(boxes)
    found = Detections(
        evaluated_ids=truth.image_ids,
        image_ids=truth.box_image_ids,
        classes=classes.astype(np.int32),
        scores=np.linspace(0.9, 0.1, count).astype(np.float32),
        boxes_xyxy=(boxes + (np.arange(count) % 3)[:, None]).astype(np.float32),
    )
    return Drawn(root=root, opened=opened, found=found)


@pytest.mark.parametrize("table", [DATASETS, METRICS, FORMATS])
def test_every_room_has_every_dataset_and_no_other(table: Any) -> None:
    assert list(table) == list(PUBLISHED_DATASETS)


def test_a_dataset_is_a_marker_of_rows(name: str) -> None:
    measured_on = PUBLISHED_DATASETS[name].measured_on

    assert MARKERS[name] == f"rows measured on {measured_on}"


def test_what_is_drawn_lies_in_the_dataset_s_folder(name: str, drawn: Drawn) -> None:
    assert (drawn.root / DATASETS[name].folder).is_dir()
    assert drawn.opened.image_count == 3
    assert drawn.opened.annotation_count > 0
    assert drawn.opened.class_names == (DATASETS[name].drawn_classes or ())


def test_a_dataset_that_is_trained_on_can_be_drawn_for_it(name: str) -> None:
    dataset = DATASETS[name]

    assert (dataset.open_training is None) == (dataset.draw_training is None)


def test_the_truth_alone_is_that_of_the_opened_set(name: str, drawn: Drawn) -> None:
    expected = drawn.opened.truth.sha256()
    one_file = DATASETS[name].annotation_file

    assert DATASETS[name].truth(drawn.root).sha256() == expected
    if one_file is not None:
        path = drawn.root / one_file.path
        assert one_file.truth(path).sha256() == expected
        assert tuple(one_file.class_names(path).values()) == drawn.opened.class_names


def test_the_decoder_reads_what_is_drawn(name: str, drawn: Drawn) -> None:
    first = drawn.opened.images[0]
    rgb = DECODERS[DATASETS[name].decoder](first.path)

    assert rgb.shape == (first.height_px, first.width_px, 3)


def test_metric_and_format_take_the_dataset_s_truth(name: str, drawn: Drawn) -> None:
    assert isinstance(drawn.opened.truth, METRICS[name].truth_kind)
    assert FORMATS[name].truth_kind is METRICS[name].truth_kind


def test_the_metric_gives_what_rows_claim_first(name: str, drawn: Drawn) -> None:
    scores = METRICS[name].score(drawn.found, drawn.opened.truth)
    claimed = PUBLISHED_DATASETS[name].metrics

    assert tuple(scores)[: len(claimed)] == claimed
    assert 0 < scores[claimed[0]] <= 100


def test_the_weighted_metric_names_what_rows_claim_first(
    name: str, drawn: Drawn
) -> None:
    weighted = METRICS[name].weighted(drawn.found, drawn.opened.truth)
    claimed = PUBLISHED_DATASETS[name].metrics

    assert tuple(one.name for one in weighted.parts)[: len(claimed)] == claimed


def test_every_way_and_curve_gives_percents(name: str, drawn: Drawn) -> None:
    metric = METRICS[name]
    curves = metric.curves(drawn.found, drawn.opened.truth)
    told = [way(drawn.found, drawn.opened.truth) for way in metric.ways.values()]

    assert told
    assert all(one and set(one) for one in told)
    assert all(0 <= pct <= 100 for one in told for pct in one.values())
    assert curves
    assert all(0 <= one.ap_pct <= 100 for one in curves)


def test_files_score_as_the_detections_that_they_state(
    name: str, drawn: Drawn, tmp_path: Path
) -> None:
    made, truth = FORMATS[name], drawn.opened.truth
    results = made.to_results(drawn.found, truth)
    path = tmp_path / f"found{made.suffix}"
    made.write(results, truth, path)
    metric = METRICS[name]

    assert metric.score(made.read(path, truth), truth) == metric.score(results, truth)


#: Options by which less counts, of the metrics that have options.
STRICTER = {
    "voc": replace(PUBLISHED, iou_threshold=0.95),
    "widerface": WiderOptions(iou_threshold=0.95),
}


def test_other_options_hold_for_all_that_a_metric_computes(
    name: str, drawn: Drawn
) -> None:
    metric, truth = METRICS[name], drawn.opened.truth
    assert bool(metric.choices) == (name in STRICTER)
    if name not in STRICTER:
        return
    changed = metric.with_options(STRICTER[name])
    once = np.ones(len(truth.image_ids), np.int64)

    def numbers(one: Metric) -> list[Any]:
        return [
            one.score(drawn.found, truth),
            np.nan_to_num(one.weighted(drawn.found, truth).score(once)).tolist(),
            *(way(drawn.found, truth) for way in one.ways.values()),
            [curve.ap_pct for curve in one.curves(drawn.found, truth)],
        ]

    for published, by_other in zip(numbers(metric), numbers(changed), strict=True):
        assert published != by_other


def words_of(path: Path) -> set[str]:
    """Return the words of datasets that are a text of their own in a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    texts = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return texts & set(PUBLISHED_DATASETS)


def test_the_word_of_a_dataset_stands_in_its_tables_alone() -> None:
    stands_in = {
        path.relative_to(HARNESS).as_posix()
        for path in sorted(HARNESS.rglob("*.py"))
        if words_of(path)
    }

    assert stands_in == set(WORDS_STAND_IN), (
        "add a field to one of the four tables, or write an exception with its reason"
    )


def test_a_word_that_is_compared_or_a_key_is_seen(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('"""Of coco."""\nA = {"voc": 1}\nB = A == "widerface"\n')

    assert words_of(module) == {"voc", "widerface"}
