import logging
from dataclasses import replace

import numpy as np
import pytest

from harness.dataset.drawn.coco_scenes import write_coco_scenes
from harness.errors import DatasetInvalid, TrainingFailed, WrongDataset
from harness.model.paddle_run.device import open_device
from harness.pipeline.measure.measure import measure_rows
from harness.pipeline.measure.opened_row import open_row
from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.watcher import Watcher
from harness.pipeline.train.evaluated_weights import (
    rows_of_recipe,
    scorer,
    scoring_of,
)
from harness.registry.recipes import open_recipes
from harness.registry.zoo import open_zoo
from harness.train.checkpoints import read_best
from harness.train.loop import train
from harness.values.rows import Erratum
from testing import tiny_training
from testing.samples import write_images
from testing.toy_training import same_state

SCENES = 8
LARGE = "yolov3-mobilenet_v1-coco-baseline-224"
PRUNED = "yolov3-mobilenet_v1-coco-prune_r578-224"


@pytest.fixture(scope="module")
def demo(request):
    return open_zoo("demo", home=request.config.rootpath)


@pytest.fixture(scope="module")
def settings(demo, tmp_path_factory):
    root = tmp_path_factory.mktemp("scenes")
    write_coco_scenes(root, seed=5, count=SCENES)
    return Settings(
        cache=tmp_path_factory.mktemp("cache"),
        records=tmp_path_factory.mktemp("records"),
        data_root=root,
        mirror=str(demo.root / "archives"),
    )


@pytest.fixture(scope="module")
def device():
    return open_device(gpu=False)


def rows_of(zoo, row_id):
    archive = zoo.row(row_id).archive
    return [row for row in zoo.rows if row.archive == archive]


@pytest.fixture(scope="module")
def tiny_score(demo, settings, device):
    """Evaluates a tiny network that is trained in a second."""
    rows = rows_of(demo, LARGE)
    return scorer(demo, rows, settings, tiny_training.NETWORK, device)


@pytest.mark.parametrize(("row_id", "order"), [(LARGE, 1), (PRUNED, -1)])
def test_the_ap_is_that_of_a_measurement_of_the_same_weights(
    demo, settings, device, row_id, order
):
    """At the larger of the archive's two sizes, whatever their order."""
    row = demo.row(row_id)
    opened = open_row(demo, row, settings).opened
    rows = rows_of(demo, row_id)[::order]
    assert len({one.input_px for one in rows}) == 2
    (record,) = measure_rows(demo, [row], settings)
    expected = record.measurements[0].scores_pct["box_ap"]
    score = scorer(demo, rows, settings, opened.network, device)

    assert score(opened.weights) == expected > 20


@pytest.mark.parametrize(("corrected", "input_px"), [("256", 256), ("96", 224)])
def test_a_corrected_size_counts_where_it_is_larger(
    demo, settings, device, caplog, corrected, input_px
):
    erratum = Erratum(
        erratum_id="E9",
        field="input_px",
        rows=(LARGE,),
        printed="224",
        corrected=corrected,
        changes_run=True,
        evidence=("a later edition",),
    )
    caplog.set_level(logging.INFO, logger="harness")
    doubted = replace(demo, errata=(erratum,))
    scorer(doubted, rows_of(demo, LARGE), settings, tiny_training.NETWORK, device)

    assert caplog.messages[-1] == f"weights are evaluated as {LARGE} at {input_px} px"


def test_an_evaluation_does_not_disturb_the_training(tiny_score, tmp_path):
    images = write_images(tmp_path, tiny_training.IMAGES)
    run = tiny_training.tiny_run(images)
    told = []
    alone = train(run, tmp_path / "alone")
    evaluated = train(
        replace(run, score=tiny_score), tmp_path / "evaluated", watch=told.append
    )

    assert same_state(replace(evaluated, score=None), alone)
    scores = {one.step: one.score_pct for one in told if one.score_pct is not None}
    assert list(scores) == [2, 4, 6]
    best = read_best(tmp_path / "evaluated", tiny_training.SUBJECT)
    assert best.score == max(scores.values()) == tiny_score(best.weights)


def test_nothing_is_kept_of_an_evaluation(
    demo, settings, device, tmp_path, monkeypatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    elsewhere = replace(settings, cache=tmp_path / "cache")
    opened = open_row(demo, demo.row(LARGE), elsewhere).opened
    score = scorer(demo, [demo.row(LARGE)], elsewhere, opened.network, device)
    before = sorted(tmp_path.rglob("*"))
    score(opened.weights)

    assert sorted(tmp_path.rglob("*")) == before


def test_an_evaluation_tells_how_far_it_is(demo, settings, device):
    told = []
    watcher = Watcher(detecting=lambda *words: told.append(words))
    opened = open_row(demo, demo.row(LARGE), settings).opened
    scorer(demo, [demo.row(LARGE)], settings, opened.network, device, watcher=watcher)(
        opened.weights
    )

    assert told[0] == ("coco", 0, SCENES)
    assert told[-1] == ("coco", SCENES, SCENES)


@pytest.mark.parametrize("is_empty", [True, False])
def test_without_a_validation_set_nothing_is_evaluated_and_that_is_told(
    demo, settings, device, tmp_path, is_empty
):
    notes = []
    elsewhere = replace(settings, data_root=tmp_path if is_empty else None)
    score = scorer(
        demo,
        rows_of(demo, LARGE),
        elsewhere,
        tiny_training.NETWORK,
        device,
        watcher=Watcher(noting=notes.append),
    )

    assert score is None
    (note,) = notes
    assert note.startswith("weights are not evaluated on the way: ")
    assert ("is not under the data root" in note) == is_empty
    assert "--data-root" in note


def test_a_recipe_without_a_row_is_evaluated_at_its_largest_size(
    demo, settings, device, caplog, request
):
    """A teacher's archive is printed nowhere, and its AP is that of its network."""
    home = request.config.rootpath
    made = next(
        one
        for one in open_recipes("demo", home=home).own
        if one.recipe_id.name == "demo_yolov3_mobilenet_v1"
    )
    caplog.set_level(logging.INFO, logger="harness")
    rowless = replace(
        demo, rows=tuple(one for one in demo.rows if one.archive != made.recipe_id.name)
    )
    opened = open_row(demo, demo.row(LARGE), settings).opened
    score = scoring_of(rowless, made, settings, Watcher())(opened.network, device)

    assert caplog.messages[-1] == f"weights are evaluated as {LARGE} at 224 px"
    with_row = scorer(demo, [demo.row(LARGE)], settings, opened.network, device)
    assert score(opened.weights) == with_row(opened.weights) > 20


def test_published_baselines_and_teachers_are_evaluated_at_608(request):
    home = request.config.rootpath
    zoo = open_zoo("january-2020", home=home)
    with_row = {one.archive for one in zoo.rows}
    others = [
        one
        for one in open_recipes("january-2020", home=home).own
        if one.recipe_id.name not in with_row
    ]

    assert len(others) >= 4
    for recipe in others:
        (row,) = rows_of_recipe(zoo, recipe)
        assert (row.input_px, row.dataset) == (608, recipe.dataset)
        assert row.row_id == (
            f"yolov3-{recipe.network.backbone}-{recipe.dataset}-baseline-608"
        )


def test_a_limit_of_a_measurement_does_not_reach_what_a_training_keeps(
    demo, settings, device
):
    opened = open_row(demo, demo.row(LARGE), settings).opened
    scores = [
        scorer(demo, [demo.row(LARGE)], one, opened.network, device)(opened.weights)
        for one in (settings, replace(settings, limit=2))
    ]

    assert scores[0] == scores[1]


def test_a_validation_set_of_other_classes_is_refused(demo, settings, device):
    row = replace(demo.row(LARGE), num_classes=7)

    with pytest.raises(WrongDataset, match="expected 7 classes"):
        scorer(demo, [row], settings, tiny_training.NETWORK, device)


def test_a_validation_set_that_is_malformed_is_refused(
    demo, settings, device, tmp_path
):
    write_coco_scenes(tmp_path, seed=5, count=1)
    (path,) = (tmp_path / "coco" / "annotations").iterdir()
    path.write_text("{")
    broken = replace(settings, data_root=tmp_path, cache=tmp_path / "cache")

    with pytest.raises(DatasetInvalid):
        scorer(demo, [demo.row(LARGE)], broken, tiny_training.NETWORK, device)


def test_images_that_cannot_be_read_are_told(demo, settings, device, tmp_path):
    write_coco_scenes(tmp_path, seed=5, count=3)
    picture = sorted((tmp_path / "coco" / "val2017").iterdir())[0]
    picture.write_bytes(picture.read_bytes()[:200])
    notes = []
    broken = replace(settings, data_root=tmp_path, cache=tmp_path / "cache")
    opened = open_row(demo, demo.row(LARGE), settings).opened
    score = scorer(
        demo,
        [demo.row(LARGE)],
        broken,
        opened.network,
        device,
        watcher=Watcher(noting=notes.append),
    )
    score(opened.weights)

    assert any(note.startswith("1 image without detections") for note in notes)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(
    demo, settings, device, tiny_score, value
):
    state = tiny_training.start()
    name = "conv1_bn_variance"
    broken = {**state.weights, name: np.full_like(state.weights[name], value)}

    with pytest.raises(
        TrainingFailed,
        match=rf"^weights to evaluate: {name}; expected finite numbers, got others, in "
        "1 variable; train with a lower rate",
    ):
        tiny_score(broken)
