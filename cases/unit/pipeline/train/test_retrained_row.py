"""A row is measured from an archive that was trained here; what stops it is told."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from harness.errors import (
    ArchiveUnavailable,
    HarnessError,
    UsageError,
    located,
)
from harness.files.digest import file_sha256
from harness.pipeline.train import retrained_row, trained
from harness.pipeline.train.asked import Asked
from harness.pipeline.train.packed_training import Trained
from harness.pipeline.train.recipe_digest import recipe_sha256
from harness.pipeline.train.retrained_row import retrain_row
from harness.values.recipes import Recipe
from harness.values.records import Record, Verdict
from harness.values.rows import SeedScore, Zoo
from testing.recipes import URL
from testing.toy_zoo import BASELINE, PRUNED, Toy

pytestmark = pytest.mark.usefixtures("untimed")


def retrain(
    toy: Toy, row_id: str = BASELINE, *, zoo: Zoo | None = None, **asked: int
) -> Record:
    zoo = zoo or toy.zoo
    return retrain_row(
        zoo,
        toy.book,
        zoo.row(row_id),
        toy.settings,
        Asked(**asked),
        watcher=toy.watcher,
    )


def test_a_row_is_measured_from_what_was_trained_here(toy: Toy) -> None:
    record = retrain(toy)
    made = toy.train()

    assert record.verdict is Verdict.LOWER, record.reason
    assert record.archive is not None
    assert record.archive.source == "trained by small/toy, seed 7, 6 of 6 steps"
    assert record.archive.sha256 == made.sha256 == file_sha256(made.path)
    assert (record.archive.name, record.archive.layout) == ("toy", "separate_files")
    assert record.archive.shape_plan == "none"
    assert record.archive.ignored_files == ()
    (run,) = record.measurements
    assert run.input_px == 64
    assert (toy.settings.records / run.detections_file).is_file()
    assert (
        f"recipe small/toy, sha256 {recipe_sha256(toy.recipe())}, batch 2"
        in record.notes
    )
    assert record.made is not None


def test_the_origins_are_told(toy: Toy) -> None:
    toy.write("base")
    toy.write("toy", start={"recipe": "base"})
    base = toy.train("base")
    record = retrain(toy)

    start = f"start base: trained by small/base, seed 7, sha256 {base.sha256}"
    assert start in record.notes


def test_the_second_time_nothing_is_trained_or_detected(toy: Toy) -> None:
    first = retrain(toy)
    again = retrain(toy)

    assert again.measurements[0].replayed
    assert again.archive == first.archive


def test_a_training_that_is_cut_short_is_partial(toy: Toy) -> None:
    record = retrain(toy, steps=2)

    assert record.verdict is Verdict.PARTIAL
    assert record.reason == "trained for 2 of 6 steps alone"
    assert record.measurements
    assert record.archive is not None
    assert record.archive.source.endswith("2 of 6 steps")


def test_a_measurement_of_some_images_says_so_first(toy: Toy) -> None:
    record = retrain(toy.with_settings(limit=2), steps=2)

    assert record.verdict is Verdict.PARTIAL
    assert record.reason == "only the first 2 images were measured"


def test_seeds_of_our_own_are_what_it_is_judged_by(toy: Toy) -> None:
    scores = tuple(
        SeedScore(
            row_id=BASELINE, metric="box_ap", seed=seed, measured_pct=Decimal(pct)
        )
        for seed, pct in ((1, "0.0"), (2, "9.0"))
    )
    record = retrain(toy, zoo=replace(toy.zoo, seed_scores=scores))

    assert record.verdict is Verdict.REPRODUCED, record.reason
    (judgement,) = record.measurements[0].judgements
    assert judgement.printed == "4.50"
    assert "margin of 2 seeds" in judgement.budget


@pytest.mark.parametrize(
    ("changes", "verdict", "reason"),
    [
        ({"start": {"url": URL}}, Verdict.UNAVAILABLE, "start: archive MobileNetV1"),
        ({"schedule.batch": 9}, Verdict.ERRORED, "batch; expected 1 to 8"),
        ({"network.num_classes": 6}, Verdict.WRONG_DATASET, "training set: the data"),
        (
            {"strategy": {"pruning": "prune_r578"}, "start": {"recipe": "base"}},
            Verdict.UNAVAILABLE,
            "start: base is not there",
        ),
    ],
)
def test_what_stops_a_training_is_the_verdict(
    toy: Toy, changes: dict[str, object], verdict: Verdict, reason: str
) -> None:
    toy.write("base")
    toy.write("toy", **{name.replace(".", "__"): one for name, one in changes.items()})
    record = retrain(toy)

    assert record.verdict is verdict
    assert reason in record.reason
    assert not record.measurements
    assert record.made is not None


def test_a_training_that_would_take_too_long_is_told(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(plan: object, max_hours: float) -> None:
        raise UsageError(f"longer than {max_hours:g} hours")

    monkeypatch.setattr(trained, "demand_hours", refuse)
    monkeypatch.setattr(trained, "is_short_and_small", lambda *_: False)
    record = retrain(toy, max_hours=3)

    assert record.verdict is Verdict.ERRORED
    assert record.reason == "longer than 3 hours"


def test_a_row_without_a_recipe_is_unavailable(toy: Toy) -> None:
    record = retrain(toy, PRUNED)

    assert record.verdict is Verdict.UNAVAILABLE
    assert record.reason.startswith("no recipe makes toy_pruned of small")


def test_why_there_is_no_recipe_is_the_reason(toy: Toy) -> None:
    path = toy.folder / "recipes" / "toy_pruned.toml"
    path.write_text('why_not = "the data are lost"\n', encoding="utf-8")

    assert "the data are lost" in retrain(toy, PRUNED).reason


def test_nothing_is_trained_for_a_dataset_that_is_not_there(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrained_row, "train_recipe", None)
    record = retrain(toy.with_settings(data_root=None))

    assert record.verdict is Verdict.NO_DATASET


def test_nothing_is_trained_on_a_device_that_does_not_compute(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrained_row, "train_recipe", None)

    assert retrain(toy.with_settings(gpu=True)).verdict is Verdict.NO_DEVICE


def test_an_unexpected_error_keeps_its_traceback(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: object, **__: object) -> None:
        raise ArithmeticError("a fault of ours")

    monkeypatch.setattr(trained, "train", break_off)
    record = retrain(toy)
    path = toy.settings.records / "errors" / f"{BASELINE}.txt"

    assert record.verdict is Verdict.ERRORED
    assert record.reason == (
        f"ArithmeticError: a fault of ours; its traceback is in <records>/errors/"
        f"{BASELINE}.txt"
    )
    assert re.search(r"break_off[\s\S]*a fault of ours", path.read_text("utf-8"))
    with pytest.raises(ArithmeticError):
        retrain(toy.with_settings(debug=True))


def test_a_signal_is_no_verdict(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(trained, "train", stop)

    with pytest.raises(KeyboardInterrupt):
        retrain(toy)


def test_an_archive_of_another_network_is_unreadable(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy.write("other", network__width=0.125)
    other: list[Trained] = [toy.train("other", steps=1)]
    monkeypatch.setattr(retrained_row, "train_recipe", lambda *_, **__: other[0])
    record = retrain(toy)

    assert record.verdict is Verdict.UNREADABLE
    assert record.reason.startswith("other.tar: ")


def test_a_training_that_was_refused_is_not_tried_for_another_row(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def refuse(_: object, recipe: Recipe, *__: object, **___: object) -> None:
        tried.append(recipe.recipe_id.name)
        with located("start"):
            raise ArchiveUnavailable("its host is gone")

    monkeypatch.setattr(retrained_row, "train_recipe", refuse)
    refused: dict[str, HarnessError] = {}
    row = toy.zoo.row(BASELINE)
    records = [
        retrain_row(
            toy.zoo,
            toy.book,
            one,
            toy.settings,
            Asked(),
            watcher=toy.watcher,
            refused=refused,
        )
        for one in (row, replace(row, row_id="another", input_px=96), row)
    ]

    assert tried == ["toy"]
    assert {one.verdict for one in records} == {Verdict.UNAVAILABLE}
    assert {one.reason for one in records} == {"start: its host is gone"}
    assert [one.row_id for one in records] == [BASELINE, "another", BASELINE]
