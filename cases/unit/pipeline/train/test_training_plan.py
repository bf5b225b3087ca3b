"""What a training will take, before it starts, and when that is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.artifact.cache_entry import SourceNote, entry_of, write_note
from harness.dataset.drawn.coco_scenes import (
    write_coco_scenes,
    write_coco_training_scenes,
)
from harness.errors import DatasetInvalid, UsageError
from harness.model.networks.pruned_channels import pruned_channels
from harness.model.networks.shapes import network_shapes
from harness.model.networks.yolov3 import YoloV3
from harness.model.paddle_run.device import Device
from harness.pipeline.measure.settings import Settings
from harness.pipeline.train import training_plan
from harness.pipeline.train.asked import Asked
from harness.pipeline.train.training_cost import TrainingCost, Work
from harness.pipeline.train.training_plan import (
    TrainingPlan,
    checkpoint_bytes,
    demand_hours,
    plan_training,
    told_hours,
    told_seconds,
)
from harness.registry.location import find_home
from harness.registry.recipes import open_recipes
from harness.train.saved_state import Position, SavedState, Subject
from harness.train.state_file import write_state
from harness.train.trial import Trial
from harness.values.datasets import KnownDataset
from harness.values.recipes import Recipe, RecipeId
from testing.toy_zoo import Toy

BOOK = open_recipes("march-2020", home=find_home())
CPU = Device(kind="cpu", model="a processor", threads=2)
GPU = replace(CPU, kind="gpu", model="a card")
COST = TrainingCost(
    network_s=3.0,
    chain_s=1.2,
    step_s=3.6,
    forward_s=0.36,
    memory_bytes=9_000_000_000,
    machine_bytes=8_000_000_000,
    largest_batch=56,
)


def recipe_of(name: str) -> Recipe:
    return BOOK.recipes[RecipeId(zoo="march-2020", name=name)]


R34 = recipe_of("yolov3_r34")
TAUGHT = recipe_of("yolov3_r50vd_dcn_prune578_distill")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    known = KnownDataset(image_count=5000, training_image_count=117_266)
    return Settings(
        cache=tmp_path / "cache",
        records=tmp_path / "records",
        data_root=None,
        known_datasets={"coco": known},
    )


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Work, int]]:
    """Give every training the same cost; return what was to be timed."""
    asked: list[tuple[Work, int]] = []

    def time_training(work: Work, _device: Device, *, workers: int) -> TrainingCost:
        asked.append((work, workers))
        return COST

    monkeypatch.setattr(training_plan, "time_training", time_training)
    return asked


@pytest.fixture
def plan(settings: Settings, timed: list[tuple[Work, int]]) -> TrainingPlan:
    assert not timed
    return plan_training(BOOK, R34, settings, Asked(), device=CPU)


def test_what_is_published_stands_in_for_a_set_that_is_not_there(
    settings: Settings,
) -> None:
    plan = plan_training(BOOK, R34, settings, Asked(), device=None)

    assert (plan.image_count, plan.is_there) == (117_266, False)
    assert plan.epochs == pytest.approx(500_200 / (117_266 // 64))  # zoo-spec 5.1: 273
    assert (plan.mixup_epochs, plan.evaluated_images) == (250, 5000)
    assert (plan.device, plan.cost, plan.hours) == (None, None, None)


def test_what_is_not_known_is_no_number(settings: Settings) -> None:
    plan = plan_training(
        BOOK, R34, replace(settings, known_datasets={}), Asked(), device=None
    )

    assert (plan.image_count, plan.epochs, plan.evaluated_images) == (None,) * 3
    assert plan.download_bytes is None  # no lock pins the backbone


def test_a_training_set_that_is_there_is_counted(
    settings: Settings, tmp_path: Path, timed: list[tuple[Work, int]]
) -> None:
    write_coco_training_scenes(tmp_path, seed=1, count=5)
    here = replace(settings, data_root=tmp_path)

    plan = plan_training(BOOK, R34, here, Asked(batch=2), device=CPU)

    assert (plan.image_count, plan.is_there) == (5, True)
    assert plan.epochs == pytest.approx(500_200 * 32 / 2)  # one of five is dropped
    assert len(timed[0][0].images) == 5


def test_a_broken_training_set_is_refused(settings: Settings, tmp_path: Path) -> None:
    write_coco_training_scenes(tmp_path, seed=1, count=2)
    (tmp_path / "coco/annotations/instances_train2017.json").write_text("{")
    here = replace(settings, data_root=tmp_path)

    with pytest.raises(DatasetInvalid, match="instances_train2017"):
        plan_training(BOOK, R34, here, Asked(), device=None)


def test_the_schedule_is_that_of_the_batch_and_ends_where_it_is_asked(
    settings: Settings,
) -> None:
    asked = Asked(batch=8, steps=1000)

    plan = plan_training(BOOK, R34, settings, asked, device=None)

    assert (plan.schedule.steps, plan.schedule.batch) == (500_200 * 8, 8)
    assert plan.schedule.base_rate == pytest.approx(0.001 / 8)
    assert (plan.last_step, plan.steps_left) == (1000, 1000)
    more = plan_training(BOOK, R34, settings, Asked(steps=10**9), device=None)
    assert more.last_step == 500_200


def test_only_what_remains_counts(settings: Settings, plan: TrainingPlan) -> None:
    folder = settings.cache / "training"
    folder.mkdir(parents=True)
    (folder / "step-000500000.npz").touch()
    (folder / "last.npz").touch()

    later = replace(
        plan_training(BOOK, R34, settings, Asked(), device=None, folder=folder),
        cost=COST,
    )

    assert (later.first_step, later.steps_left) == (500_000, 200)
    assert later.training_hours == pytest.approx(200 * 3.6 / 3600)
    assert (plan.steps_left, plan.evaluations) == (500_200, 251)
    assert later.evaluations == 1


@pytest.mark.parametrize(
    ("first", "last", "evaluations"),
    [
        (0, 1999, 1),  # after the last step alone
        (0, 2000, 1),
        (0, 2001, 2),
        (2000, 4000, 1),
        (1999, 4000, 2),
        (4000, 4000, 0),
        (4000, 3000, 0),
    ],
)
def test_evaluations_are_every_so_many_steps_and_at_the_end(
    plan: TrainingPlan, first: int, last: int, evaluations: int
) -> None:
    assert plan.schedule.save_every_steps == 2000
    assert replace(plan, first_step=first, last_step=last).evaluations == evaluations


def test_the_hours_are_those_of_steps_and_evaluations(plan: TrainingPlan) -> None:
    steps_s, images = 500_200 * 3.6, 251 * 5000

    assert plan.training_hours == pytest.approx(steps_s / 3600)
    assert plan.evaluation_hours == pytest.approx(images * 0.36 / 3600)
    assert plan.hours == pytest.approx((steps_s + images * 0.36) / 3600)


def test_evaluations_of_unknown_length_are_left_out_of_the_hours(
    plan: TrainingPlan,
) -> None:
    unknown = replace(plan, evaluated_images=None)

    assert unknown.evaluation_hours is None
    assert unknown.hours == unknown.training_hours


def test_steps_that_were_not_timed_make_no_hours(plan: TrainingPlan) -> None:
    unknown = replace(plan, cost=replace(COST, network_s=None, step_s=None))

    assert (unknown.hours, unknown.training_hours) == (None, None)
    demand_hours(unknown, 0.0)


def test_a_limit_of_a_measurement_leaves_evaluations_whole(settings: Settings) -> None:
    plan = plan_training(BOOK, R34, replace(settings, limit=10), Asked(), device=None)

    assert plan.evaluated_images == 5000


def test_a_validation_set_of_nobodys_is_counted_where_it_lies(
    settings: Settings, tmp_path: Path, timed: list[tuple[Work, int]]
) -> None:
    unpublished = replace(settings, known_datasets={}, data_root=tmp_path)
    write_coco_training_scenes(tmp_path, seed=1, count=2)
    missing = plan_training(BOOK, R34, unpublished, Asked(batch=2), device=CPU)
    write_coco_scenes(tmp_path, seed=2, count=3)
    there = plan_training(BOOK, R34, unpublished, Asked(batch=2), device=CPU)

    assert (missing.evaluated_images, there.evaluated_images) == (None, 3)
    assert [work.is_evaluated for work, _ in timed] == [False, True]


def test_the_recipes_network_teacher_and_sizes_are_timed(
    settings: Settings, timed: list[tuple[Work, int]]
) -> None:
    plan_training(BOOK, TAUGHT, settings, Asked(batch=4), device=CPU)
    plan_training(BOOK, R34, settings, Asked(), device=replace(GPU, threads=9))

    (taught, of_two), (plain, of_nine) = timed
    baseline = recipe_of("yolov3_r50vd_dcn")
    assert taught.trial == Trial(recipe=TAUGHT, teacher=baseline)
    assert (taught.batch, taught.images, taught.is_evaluated) == (4, (), True)
    assert taught.chain.sizes_px == TAUGHT.augmentation.sizes_px
    assert plain.trial == Trial(recipe=R34)
    assert (of_two, of_nine) == (1, 8)


def test_an_archive_in_the_cache_is_not_to_come(settings: Settings) -> None:
    (archive,) = BOOK.archives_of(R34)
    entry = entry_of(archive, settings.cache)
    entry.path.parent.mkdir(parents=True)
    entry.path.write_bytes(b"weights")
    write_note(entry, SourceNote(source=archive.url, sha256="ab" * 32, size_bytes=7))

    plan = plan_training(BOOK, R34, settings, Asked(), device=None)

    assert [one.is_cached for one in plan.archives] == [True]
    assert plan.download_bytes == 0


def test_starts_that_nobody_publishes_are_told(settings: Settings) -> None:
    book = replace(BOOK, published={})

    plan = plan_training(book, TAUGHT, settings, Asked(), device=None)

    baseline = RecipeId(zoo="march-2020", name="yolov3_r50vd_dcn")
    assert plan.trained_first == (baseline,)
    assert (
        plan_training(BOOK, TAUGHT, settings, Asked(), device=None).trained_first == ()
    )


def test_the_bytes_of_a_checkpoint_are_those_of_the_file(tmp_path: Path) -> None:
    network = YoloV3(
        backbone="mobilenet_v1",
        num_classes=5,
        width=0.0625,
        head_channels=pruned_channels("none", 0.0625),
    )
    shapes = network_shapes(network)
    arrays = {
        name: np.zeros(one.shape, np.float32) for name, one in shapes.variables.items()
    }
    subject = Subject(
        recipe_sha256="ab" * 32,
        shapes={name: one.shape for name, one in arrays.items()},
    )
    velocities = {
        name: arrays[name] for name, one in shapes.variables.items() if one.is_trained
    }
    state = SavedState(
        subject=subject,
        position=Position(step=1, seed=0, epoch=0, batch=1),
        weights=arrays,
        optimiser={"velocity": velocities},
    )
    write_state(tmp_path / "state.npz", state)

    written = (tmp_path / "state.npz").stat().st_size
    assert checkpoint_bytes(shapes) == pytest.approx(written, rel=0.1)


def test_five_checkpoints_lie_on_the_disk_at_most(plan: TrainingPlan) -> None:
    # three new ones, an older best, and the one that is being written
    assert plan.disk_bytes == 5 * plan.checkpoint_bytes


def test_a_batch_that_does_not_fit_is_told_with_what_does(plan: TrainingPlan) -> None:
    def warning(largest: int | None) -> str | None:
        return replace(plan, cost=replace(COST, largest_batch=largest)).memory_warning

    assert warning(64) is None
    assert warning(63) == (
        "a step of 64 images does not fit into memory: give --batch 63 or less"
    )
    assert warning(0) == "a step does not fit into memory, even of one image"
    assert warning(None) is None
    assert replace(plan, cost=None).memory_warning is None


def with_hours(plan: TrainingPlan, hours: float) -> TrainingPlan:
    cost = replace(COST, step_s=hours * 3600 / plan.steps_left, forward_s=None)
    return replace(plan, cost=cost)


def test_an_estimate_up_to_the_limit_is_let_pass(plan: TrainingPlan) -> None:
    demand_hours(with_hours(plan, 23.99), 24.0)
    demand_hours(with_hours(plan, 24.0), 24.01)


def test_an_estimate_over_the_limit_is_refused_with_what_lets_it_pass(
    plan: TrainingPlan,
) -> None:
    with pytest.raises(UsageError) as refusal:
        demand_hours(with_hours(plan, 2400.0), 24.0)

    steps = int(500_200 * 24 / 2400 / 1.25)
    assert str(refusal.value) == (
        "march-2020/yolov3_r34: training for about 2400 hours; "
        "expected at most 24 hours, by --max-hours, "
        "got 500200 steps of 64 images at 17.3 s on a processor; "
        f"give --gpu, --max-hours 3000 or --steps {steps}"
    )
    demand_hours(with_hours(plan, 2400.0), 3000.0)
    demand_hours(replace(with_hours(plan, 2400.0), last_step=steps), 24.0)


def test_a_little_over_the_limit_is_refused(plan: TrainingPlan) -> None:
    with pytest.raises(UsageError, match=r"about 24\.0 hours; expected at most 24 h"):
        demand_hours(with_hours(plan, 24.01), 24.0)


def test_on_a_gpu_no_gpu_is_advised(plan: TrainingPlan) -> None:
    with pytest.raises(UsageError, match="on a card; give --max-hours 500 or --steps"):
        demand_hours(replace(with_hours(plan, 400.0), device=GPU), 24.0)


def test_where_no_step_fits_none_is_advised(plan: TrainingPlan) -> None:
    slow = replace(with_hours(plan, 400.0), device=GPU)

    with pytest.raises(UsageError, match=r"; give --max-hours 500$"):
        demand_hours(slow, 1e-6)


def test_evaluations_count_towards_the_limit(plan: TrainingPlan) -> None:
    short = replace(plan, last_step=2000, cost=replace(COST, step_s=0.9))

    assert short.training_hours == pytest.approx(0.5)
    assert short.evaluation_hours == pytest.approx(0.5)
    demand_hours(short, 1.01)
    with pytest.raises(UsageError, match=r"about 1\.0 hours"):
        demand_hours(short, 0.99)


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        (None, "not known"),
        (0.01, "less than 0.1 hours"),
        (0.3, "about 0.3 hours"),
        (23.96, "about 24.0 hours"),
        (99.94, "about 99.9 hours"),
        (100.0, "about 100 hours"),
        (1449.0, "about 1400 hours"),
        (138_765.0, "about 140000 hours"),
    ],
)
def test_hours_are_told_no_closer_than_they_are_known(
    hours: float | None, told: str
) -> None:
    assert told_hours(hours) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(None, "not known"), (0.01234, "0.0123"), (9.0, "9"), (1957.0, "1960")],
)
def test_seconds_are_told_without_an_exponent(seconds: float | None, told: str) -> None:
    assert told_seconds(seconds) == told


def test_all_that_is_trained_first_is_named_in_order(
    toy: Toy, timed: list[tuple[Work, int]]
) -> None:
    toy.write("second", start={"recipe": "first"})
    toy.write("first")
    toy.write("third", start={"recipe": "second"})

    plan = plan_training(
        toy.book, toy.recipe("third"), toy.settings, Asked(), device=None
    )

    assert not timed
    assert [one.name for one in plan.trained_first] == ["first", "second"]
