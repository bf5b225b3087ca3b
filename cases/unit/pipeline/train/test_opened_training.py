"""What a training starts from, and what stops it before its first step."""

import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest

from harness.errors import (
    ArchiveUnavailable,
    ArchiveUnreadable,
    DatasetMissing,
    DeviceMissing,
    UsageError,
    WrongArchive,
    WrongDataset,
)
from harness.pipeline.train.opened_training_set import open_training_set
from harness.pipeline.train.starting_state import starting_state
from harness.registry.lock import write_lock
from harness.values.datasets import KnownDataset
from harness.values.pins import Pin
from testing.prunings import needs_paddleslim, oracle_cut
from testing.recipes import URL
from testing.toy_zoo import Toy, as_classifier, serve, toy_weights

BACKBONE = "backbones/MobileNetV1_pretrained.tar"  # the path of URL
PUBLISHED = "zoo/{}/best.tar"  # of an archive of the zoo


def test_a_random_start_is_drawn_by_the_seed(toy: Toy) -> None:
    first, again, other = toy.open(), toy.open(), toy.open(seed=8)
    weights, same, another = (one.run.start().weights for one in (first, again, other))

    assert first.origins == ()
    assert weights.keys() == first.run.subject.shapes.keys()
    assert all(np.array_equal(weights[name], same[name]) for name in weights)
    assert not np.array_equal(weights["conv1_weights"], another["conv1_weights"])
    assert first.run.start().velocities == {}


def test_a_backbone_is_taken_its_last_layer_left_and_the_head_drawn(toy: Toy) -> None:
    toy.write("toy", start={"url": URL})
    published = toy_weights(seed=99)
    serve(toy.mirror, BACKBONE, as_classifier(published))
    opened = toy.open()
    weights = opened.run.start().weights

    (used,) = opened.origins
    assert (used.role, used.archive) == ("start", "MobileNetV1_pretrained")
    assert used.source == URL
    assert used.left == ("fc7_weights",)
    assert used.taken + used.new == len(weights)
    (note,) = opened.notes
    assert note == (
        "start MobileNetV1_pretrained: 135 variables taken, 106 start anew, "
        "1 left: fc7_weights"
    )
    drawn = toy_weights(seed=7)
    for name, value in weights.items():
        wanted = drawn if name.startswith("yolo_") else published
        assert np.array_equal(value, wanted[name]), name


def test_what_steers_deformable_convolutions_starts_at_rest(toy: Toy) -> None:
    toy.write("toy", network__backbone="resnet50_vd_dcn")
    weights = starting_state(toy.recipe(), 7, None).weights

    steering = [name for name in weights if "_conv_offset." in name]
    assert steering
    assert not any(weights[name].any() for name in steering)
    assert weights["conv1_1_weights"].any()


def test_the_published_archive_of_a_recipe_comes_before_what_was_trained_here(
    toy: Toy,
) -> None:
    toy.train()
    toy.write("toy_pruned", start={"recipe": "toy"})
    published = toy_weights(seed=99)
    serve(toy.mirror, PUBLISHED.format("toy"), published)
    opened = toy.open("toy_pruned")

    (used,) = opened.origins
    assert used.source == "https://zoo.invalid/zoo/toy/best.tar"
    state = opened.run.start()
    assert all(
        np.array_equal(state.weights[name], published[name]) for name in published
    )


def test_what_was_trained_here_stands_in_for_an_archive_that_nobody_serves(
    toy: Toy,
) -> None:
    made = toy.train()
    toy.write("toy_pruned", start={"recipe": "toy"})
    opened = toy.open("toy_pruned")

    (used,) = opened.origins
    assert (used.source, used.sha256) == ("trained by small/toy, seed 7", made.sha256)
    assert used.left == ()
    assert "start: trained here by small/toy" in toy.told


def test_a_start_that_is_nowhere_says_what_makes_it(toy: Toy) -> None:
    toy.write("toy_pruned", start={"recipe": "toy"})

    with pytest.raises(
        ArchiveUnavailable,
        match=r"start: toy cannot be fetched, and was not trained here; expected a "
        r"published archive, or one that its recipe made here, got .*toy.*; "
        r"`zoo train toy` with the same --zoo makes it$",
    ):
        toy.open("toy_pruned")


def test_a_recipe_without_an_archive_is_trained_or_refused(toy: Toy) -> None:
    toy.write("base")
    toy.write("toy", start={"recipe": "base"})

    with pytest.raises(
        ArchiveUnavailable, match=r"start: base is not there; .*`zoo tr"
    ):
        toy.open()
    toy.train("base")
    assert toy.open().origins[0].archive == "base"


def test_weights_that_no_recipe_makes_are_refused_as_fetching_refuses(toy: Toy) -> None:
    toy.write("toy", start={"url": URL})

    with pytest.raises(
        ArchiveUnavailable, match=r"^start: archive MobileNetV1_pretrained"
    ):
        toy.open()


def test_a_training_that_is_cut_short_is_no_start(toy: Toy) -> None:
    toy.train(steps=2)
    toy.write("toy_pruned", start={"recipe": "toy"})

    with pytest.raises(ArchiveUnavailable, match="not trained here"):
        toy.open("toy_pruned")


def test_what_an_older_recipe_made_is_no_start(toy: Toy) -> None:
    toy.train()
    toy.write("toy", loss__label_smoothing=False)
    toy.write("toy_pruned", start={"recipe": "toy"})

    with pytest.raises(ArchiveUnavailable, match="not trained here"):
        toy.open("toy_pruned")


def test_what_started_from_what_an_older_recipe_made_is_no_start_either(
    toy: Toy,
) -> None:
    toy.write("first")
    toy.write("second", start={"recipe": "first"})
    toy.write("third", start={"recipe": "second"})
    toy.write("fourth", start={"recipe": "third"})
    for name in ("first", "second", "third"):
        toy.train(name)
    assert toy.open("fourth").origins[0].source == "trained by small/third, seed 7"

    toy.write("first", optimiser__momentum=0.8)

    for name in ("third", "fourth"):
        with pytest.raises(ArchiveUnavailable, match=r"start: \w+ is not there"):
            toy.open(name)
    for name in ("first", "second", "third"):
        toy.train(name)
    assert toy.open("fourth").origins[0].source == "trained by small/third, seed 7"


def test_a_start_whose_own_start_is_gone_stays_one(toy: Toy) -> None:
    toy.write("first")
    toy.write("second", start={"recipe": "first"})
    toy.write("third", start={"recipe": "second"})
    folder = toy.train("first").folder
    toy.train("second")
    shutil.rmtree(folder)

    assert toy.open("third").origins[0].source == "trained by small/second, seed 7"


def test_what_made_a_recipe_by_another_name_made_it(toy: Toy) -> None:
    toy.write("first")
    (toy.folder / "recipes" / "again.toml").write_text('same_as = "first"\n')
    toy.write("second", start={"recipe": "again"})
    toy.train("first")

    assert toy.open("second").origins[0].source == "trained by small/first, seed 7"


def test_the_recipes_own_seed_comes_before_others(toy: Toy) -> None:
    toy.write("toy_pruned", start={"recipe": "toy"})
    toy.train(seed=8)
    assert toy.open("toy_pruned").origins[0].source == "trained by small/toy, seed 8"
    toy.train()
    assert toy.open("toy_pruned").origins[0].source == "trained by small/toy, seed 7"


def test_two_trainings_that_nothing_tells_apart_are_refused(toy: Toy) -> None:
    toy.write("toy_pruned", start={"recipe": "toy"})
    toy.train(seed=8)
    toy.train(seed=9)

    with pytest.raises(
        UsageError, match=r"2 trainings by small/toy are finished; .*delete the folders"
    ):
        toy.open("toy_pruned")


def test_a_damaged_archive_of_a_training_is_no_start(toy: Toy) -> None:
    made = toy.train()
    made.path.write_bytes(made.path.read_bytes()[:700])
    toy.write("toy_pruned", start={"recipe": "toy"})

    with pytest.raises(ArchiveUnavailable, match="not trained here"):
        toy.open("toy_pruned")


def test_a_start_with_other_bytes_than_its_pin_is_refused(toy: Toy) -> None:
    toy.write("toy", start={"url": URL})
    tar = serve(toy.mirror, BACKBONE, as_classifier(toy_weights()))
    pin = Pin(url=URL, size_bytes=tar.stat().st_size, sha256="a" * 64)
    write_lock(toy.folder / "archives.lock.toml", None, {"MobileNetV1_pretrained": pin})

    with pytest.raises(WrongArchive, match=r"^start: archive MobileNetV1_pretrained"):
        toy.open()


def test_a_start_of_another_network_is_refused(toy: Toy) -> None:
    toy.write("toy", start={"url": URL})
    weights = as_classifier(toy_weights())
    weights["conv1_weights"] = np.zeros((9, 3, 3, 3), np.float32)
    serve(toy.mirror, BACKBONE, weights)

    with pytest.raises(
        ArchiveUnreadable,
        match=r"start: MobileNetV1_pretrained\.tar: shape of conv1_weights",
    ):
        toy.open()


def test_a_start_with_a_number_that_is_none_is_refused(toy: Toy) -> None:
    toy.write("toy", start={"url": URL})
    weights = as_classifier(toy_weights())
    weights["conv1_weights"][0] = np.nan
    serve(toy.mirror, BACKBONE, weights)

    with pytest.raises(ArchiveUnreadable, match=r"conv1_weights: element .* finite"):
        toy.open()


@needs_paddleslim
def test_a_pruned_recipe_prunes_what_it_starts_from(toy: Toy) -> None:
    toy.write("toy_pruned", start={"recipe": "toy"}, strategy={"pruning": "prune_r578"})
    published = toy_weights(seed=99)
    serve(toy.mirror, PUBLISHED.format("toy"), published)
    opened = toy.open("toy_pruned")
    weights = opened.run.start().weights

    assert {name: one.shape for name, one in weights.items()} == dict(
        opened.run.subject.shapes
    )
    expected = oracle_cut(published, "prune_r578")
    assert all(np.array_equal(weights[name], expected[name]) for name in expected)


@needs_paddleslim
def test_a_start_that_is_pruned_already_is_not_pruned_again(toy: Toy) -> None:
    pruned = toy_weights(seed=99, pruning="prune_r578")
    toy.write("toy_pruned", start={"recipe": "toy"}, strategy={"pruning": "prune_r578"})
    serve(toy.mirror, PUBLISHED.format("toy"), pruned)
    weights = toy.open("toy_pruned").run.start().weights

    assert all(np.array_equal(weights[name], pruned[name]) for name in pruned)


def test_a_start_with_shapes_of_another_pruning_is_refused(toy: Toy) -> None:
    toy.write("toy_pruned", start={"recipe": "toy"})
    serve(toy.mirror, PUBLISHED.format("toy"), toy_weights(pruning="prune_r578"))

    with pytest.raises(
        ArchiveUnreadable, match="channels of its head; expected none, got prune_r578"
    ):
        toy.open("toy_pruned")


def test_without_paddleslim_nothing_is_fetched(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy.write("toy_pruned", start={"recipe": "toy"}, strategy={"pruning": "prune_r578"})
    serve(toy.mirror, PUBLISHED.format("toy"), toy_weights())
    monkeypatch.setitem(sys.modules, "paddleslim", None)

    with pytest.raises(UsageError, match=r"PaddleSlim cannot be imported.*pip install"):
        toy.open("toy_pruned")
    assert not toy.settings.cache.exists()


def distilled(toy: Toy, **changes: object) -> None:
    toy.write("teacher")
    toy.write(
        "toy",
        loss__label_smoothing=False,
        strategy={"distillation": "l2", "teacher": "teacher"},
        **changes,
    )


def test_a_student_learns_from_a_teacher_that_stays_as_it_is(toy: Toy) -> None:
    distilled(toy)
    toy.train("teacher")
    opened = toy.open()
    step = opened.run.open_step(opened.run.start())
    (batch,) = opened.run.batches(0, 1)
    losses = [step.run(batch, 0.0).losses for _ in range(2)]

    assert [one.role for one in opened.origins] == ["teacher"]
    parts = set(losses[0])
    assert parts > {"xy", "wh", "objectness"}
    taught = parts - {"xy", "wh", "objectness", "classes"}
    assert taught
    assert all(losses[0][part] > 0 for part in taught)


def test_a_teacher_that_is_nowhere_says_what_makes_it(toy: Toy) -> None:
    distilled(toy)

    with pytest.raises(
        ArchiveUnavailable,
        match=r"^teacher: teacher is not there.*`zoo train teacher` ",
    ):
        toy.open()


def test_a_training_set_is_asked_for_before_anything_is_fetched(toy: Toy) -> None:
    toy.write("toy", start={"url": URL})
    nowhere = toy.with_settings(data_root=None)

    with pytest.raises(DatasetMissing, match="no data root to look for the training"):
        nowhere.open()
    with pytest.raises(DatasetMissing, match=r"^training set: "):
        toy.with_settings(data_root=toy.mirror).open()


def test_a_dataset_that_nothing_is_trained_on_is_refused(toy: Toy) -> None:
    recipe = replace(toy.recipe(), dataset="flowers")

    with pytest.raises(DatasetMissing, match=r"training set of 'flowers'"):
        open_training_set(recipe, toy.settings, noting=toy.told.append)


def test_a_training_set_of_other_classes_is_refused(toy: Toy) -> None:
    toy.write("toy", network__num_classes=6)
    with pytest.raises(WrongDataset, match=r"^training set: the dataset has another"):
        toy.open()

    toy.write("toy")
    known = {"coco": KnownDataset(class_names=("a", "b", "c", "d", "e"))}
    with pytest.raises(WrongDataset, match=r"^training set: class 0"):
        toy.with_settings(known_datasets=known).open()


def test_a_batch_larger_than_the_training_set_is_refused(toy: Toy) -> None:
    assert toy.open(batch=4).schedule.batch == 4
    toy.write("toy", schedule__batch=9)
    with pytest.raises(UsageError, match=r"batch; expected 1 to 8"):
        toy.open()


def test_the_schedule_is_scaled_to_the_batch(toy: Toy) -> None:
    opened = toy.open(batch=1)

    assert (opened.schedule.steps, opened.schedule.base_rate) == (12, 0.0005)
    assert opened.run.schedule == opened.schedule
    assert opened.run.batches_per_epoch == 8


def test_a_gpu_that_is_not_there_ends_it(toy: Toy) -> None:
    with pytest.raises(DeviceMissing, match="--gpu"):
        toy.with_settings(gpu=True).open()


def test_the_chain_has_the_recipes_sizes_and_mixup(toy: Toy) -> None:
    toy.write("toy", augmentation__sizes_px=[32, 96], augmentation__mixup_epochs=0)
    opened = toy.open()

    sides = {one.images.shape[-1] for one in opened.run.batches(0, 12)}
    assert sides == {32, 96}
