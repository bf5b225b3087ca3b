"""A recipe is followed, stopped, gone on with, and packed."""

import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from filelock import FileLock

from harness.errors import TrainingFailed, UsageError
from harness.files.digest import file_sha256
from harness.model.fluid.lod_tensor import read_tensor
from harness.pipeline.measure.watcher import Watcher
from harness.pipeline.train import trained
from harness.pipeline.train.asked import Asked
from harness.pipeline.train.curve import Curve
from harness.pipeline.train.packed_training import copy_archive, pack_training
from harness.pipeline.train.trained import train_recipe
from harness.train.checkpoints import read_last
from harness.train.loop import Progress
from harness.train.manifest import FILE_NAME, read_manifest
from testing.toy_zoo import Toy


def telling(training: Callable[[Progress], None]) -> Watcher:
    """Tell of steps that are done; not of that which is gone on from."""

    def tell(name: str, progress: Progress) -> None:
        assert name == "toy"
        if progress.losses:
            training(progress)

    return Watcher(training=tell)


def unpacked(tar: Path, folder: Path) -> Path:
    shutil.unpack_archive(tar, folder, filter="data")
    return folder / tar.stem


def test_the_archive_holds_the_last_weights_one_file_a_variable(
    toy: Toy, tmp_path: Path
) -> None:
    trained = toy.train()
    state = read_last(trained.folder, toy.open().run.subject)

    assert state is not None
    assert state.position.step == trained.steps == trained.of_steps == 6
    inner = unpacked(trained.path, tmp_path / "unpacked")
    files = {one.name for one in inner.iterdir()}
    assert files == {*state.weights, FILE_NAME}
    for name, value in state.weights.items():
        np.testing.assert_array_equal(read_tensor(inner / name), value)


def test_training_again_finds_it_done_and_packs_the_same_bytes(toy: Toy) -> None:
    first = toy.train()
    steps: list[int] = []
    again = toy.train(watcher=telling(lambda one: steps.append(one.step)))

    assert steps == []
    assert again == first


def test_a_training_that_was_cut_goes_on_to_the_bytes_of_one_that_was_not(
    toy: Toy, tmp_path: Path
) -> None:
    cut = toy.train(steps=3)
    whole = toy.train()
    other = toy.with_settings(cache=tmp_path / "other").train()

    assert (cut.steps, cut.of_steps, cut.manifest.is_finished) == (3, 6, False)
    assert cut.folder == whole.folder
    assert cut.path == whole.path
    assert whole.sha256 == other.sha256 != cut.sha256


def test_a_signal_keeps_the_last_whole_step(toy: Toy, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        toy.train(watcher=telling(stop))
    went_on: list[int] = []
    trained = toy.train(watcher=telling(lambda one: went_on.append(one.step)))

    other = toy.with_settings(cache=tmp_path / "other").train()
    assert went_on == [4, 5, 6]
    assert trained.sha256 == other.sha256


@pytest.mark.parametrize("asked", [{"seed": 8}, {"batch": 4}])
def test_another_seed_or_batch_is_another_training(
    toy: Toy, asked: dict[str, int]
) -> None:
    assert toy.open(**asked).folder != toy.open().folder


def test_the_manifest_tells_what_was_done(toy: Toy, tmp_path: Path) -> None:
    trained = toy.train(steps=5, seed=8, batch=2)
    manifest = read_manifest(unpacked(trained.path, tmp_path / "unpacked"))

    assert manifest == trained.manifest
    assert (manifest.archive, manifest.recipe_id) == ("toy", "small/toy")
    assert (manifest.seed, manifest.batch, manifest.steps) == (8, 2, 5)
    assert manifest.recipe["seed"] == 7
    assert manifest.training_set.image_count == 8
    assert manifest.versions["paddle"].startswith("paddlepaddle")
    assert [one.step for one in manifest.losses] == [1, 2, 3, 4, 5]
    assert all(sum(one.losses.values()) > 0 for one in manifest.losses)


def test_evaluations_are_in_the_manifest(toy: Toy) -> None:
    found = iter([1.5, 3.0, 2.0])
    trained = toy.train(scoring=lambda network, device: lambda weights: next(found))

    scores = [(one.step, one.ap_pct) for one in trained.manifest.scores]
    assert scores == [(2, 1.5), (4, 3.0), (6, 2.0)]
    assert (trained.folder / "best.npz").is_file()


def test_what_is_demanded_comes_before_the_first_step(toy: Toy) -> None:
    def refuse(
        book: object, opened: object, _: object, asked: Asked, __: object
    ) -> None:
        raise UsageError(f"more than {asked.max_hours} hours")

    with pytest.raises(UsageError, match=r"more than 24\.0 hours"):
        train_recipe(
            toy.book,
            toy.recipe(),
            toy.settings,
            Asked(),
            watcher=toy.watcher,
            demand=refuse,
        )

    assert not toy.open().folder.exists()


def test_a_step_that_does_not_fit_is_told_before_it_is_tried(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "a step of 2 images does not fit into memory: give --batch 1 or less"
    plan = SimpleNamespace(memory_warning=told)
    monkeypatch.setattr(trained, "plan_training", lambda *_, **__: plan)
    monkeypatch.setattr(trained, "demand_hours", lambda *_: None)
    monkeypatch.setattr(trained, "is_short_and_small", lambda *_: False)

    train_recipe(
        toy.book, toy.recipe(), toy.settings, Asked(steps=1), watcher=toy.watcher
    )

    assert told in toy.told


def test_what_is_done_is_not_estimated_again(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    no_plan = SimpleNamespace(memory_warning=None)
    monkeypatch.setattr(
        trained, "plan_training", lambda *_, **__: asked.append(1) or no_plan
    )
    monkeypatch.setattr(trained, "demand_hours", lambda *_: None)
    monkeypatch.setattr(trained, "is_short_and_small", lambda *_: False)

    def train(**words: int) -> int:
        train_recipe(
            toy.book,
            toy.recipe(),
            toy.settings,
            Asked(**words),
            watcher=toy.watcher,
        )
        return len(asked)

    assert train(steps=2) == 1
    assert train(steps=2) == 1
    assert train() == 2
    assert train() == 2


def test_a_second_process_waits_and_finds_it_done(toy: Toy) -> None:
    folder = toy.open().folder
    folder.mkdir(parents=True)
    lock = FileLock(folder.with_name(f".{folder.name}.lock"))
    held, waiting = threading.Event(), threading.Event()
    told = toy.told

    def note(line: str) -> None:
        told.append(line)
        waiting.set()

    def hold() -> None:  # a thread that holds two locks of a file is refused
        with lock:
            held.set()
            waiting.wait(60)

    other = threading.Thread(target=hold)
    other.start()
    assert held.wait(60)
    trained = toy.train(watcher=replace(toy.watcher, noting=note))
    other.join()

    assert trained.steps == 6
    assert told == [f"another process trains in {folder}: waiting for it"]


def test_the_archive_is_copied_whole_or_not_at_all(toy: Toy, tmp_path: Path) -> None:
    trained = toy.train(steps=1)
    copy_archive(trained, tmp_path / "made" / "mine.tar")
    (tmp_path / "file").touch()

    assert (tmp_path / "made" / "mine.tar").read_bytes() == trained.path.read_bytes()
    with pytest.raises(UsageError, match="--output"):
        copy_archive(trained, tmp_path / "file" / "mine.tar")


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_weights_that_no_network_computes_with_are_not_packed(
    toy: Toy, number: float
) -> None:
    opened, whole = toy.open(), toy.train(steps=1)
    state = read_last(whole.folder, opened.run.subject)
    assert state is not None
    name = "conv1_bn_scale"
    broken = {**state.weights, name: np.full_like(state.weights[name], number)}
    curve = Curve(folder=whole.folder, schedule=opened.schedule)
    before = file_sha256(whole.path)

    with pytest.raises(
        TrainingFailed, match=f"weights to pack: {name}; expected finite numbers"
    ):
        pack_training(opened, replace(state, weights=broken), curve)

    assert file_sha256(whole.path) == before


@pytest.mark.parametrize(("steps", "is_told"), [(2, True), (3, False)])
def test_a_training_that_is_farther_than_asked_says_so(
    toy: Toy, steps: int, is_told: bool
) -> None:
    toy.train(steps=3)
    toy.told.clear()
    again = toy.train(steps=steps)

    assert again.steps == 3
    told = [f"3 steps are done already, of {steps} asked for"]
    assert toy.told == (told if is_told else [])


# 24 hours are 4,320 images of 20 seconds
@pytest.mark.parametrize(
    ("images", "step_px", "max_hours", "expected"),
    [
        (4_320, 500_000, 24.0, True),
        (4_321, 500_000, 24.0, False),
        (4_320, 500_001, 24.0, False),
        (180, 8 * 224**2, 1.0, True),
        (181, 8 * 224**2, 1.0, False),
        (1, 1, 0.0, False),
    ],
)
def test_what_is_short_and_small_needs_no_estimate(
    images: int, step_px: int, max_hours: float, expected: bool
) -> None:
    assert trained.is_short_and_small(images, step_px, max_hours) is expected


def test_a_short_training_is_not_tried(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        pytest.fail("a trial")

    monkeypatch.setattr(trained, "plan_training", fail)

    assert toy.train().steps == 6
