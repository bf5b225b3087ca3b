"""A plan of a training, told as data and as lines."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest

from harness.model.paddle_run.device import Device
from harness.pipeline.measure.planned_archive import PlannedArchive
from harness.pipeline.train.told_plan import plan_data, plan_lines
from harness.pipeline.train.training_cost import TrainingCost
from harness.pipeline.train.training_plan import TrainingPlan
from harness.values.recipes import RecipeId
from harness.values.schedules import Schedule

RECIPE = RecipeId(zoo="mine", name="net")
PLAN = TrainingPlan(
    recipe_id=RECIPE,
    image_count=640,
    is_there=True,
    schedule=Schedule(
        steps=1000,
        batch=64,
        base_rate=0.001,
        warmup_steps=10,
        milestones=(800, 900),
        save_every_steps=100,
    ),
    first_step=100,
    last_step=500,
    mixup_epochs=250,
    archives=(
        PlannedArchive(
            name="start", is_cached=False, size_bytes=2 * 10**9, sha256=None
        ),
    ),
    trained_first=(),
    checkpoint_bytes=10**8,
    evaluated_images=50,
    device=Device(kind="cpu", model="a processor", threads=2),
    cost=TrainingCost(
        network_s=8.0,
        chain_s=2.0,
        step_s=9.0,
        forward_s=0.1,
        memory_bytes=9 * 10**9,
        machine_bytes=8 * 10**9,
        largest_batch=50,
    ),
)
UNKNOWN = replace(
    PLAN,
    image_count=None,
    is_there=False,
    evaluated_images=None,
    archives=(
        PlannedArchive(name="start", is_cached=False, size_bytes=None, sha256=None),
    ),
    trained_first=(replace(RECIPE, name="teacher"),),
    device=None,
    cost=None,
)


def test_everything_is_told_in_lines() -> None:
    assert dict(plan_lines(PLAN)) == {
        "recipe": "mine/net",
        "training set": "640 images (here)",
        "steps": "500 of 64 images, of the schedule's 1000; 100 are done",
        "base rate": "0.001",
        "epochs": "50.0, images are blended in the first 250",
        "to download": "start: 2.00 GB",
        "checkpoints on disk": "up to 500.0 MB",
        "evaluations": "4 of 50 images",
        "device": "a processor, 8.00 GB",
        "memory of a step": "about 9.00 GB",
        "seconds of a step": "9",
        "  the network alone": "8",
        "  its images, on one core": "2",
        "evaluating": "less than 0.1 hours",
        "all of it, as busy as the machine is": "about 1.0 hours",
        "memory": "a step of 64 images does not fit into memory: "
        "give --batch 50 or less",
    }


def test_what_is_not_known_is_called_so_and_never_0() -> None:
    lines = dict(plan_lines(UNKNOWN))

    assert lines["training set"] == "not known images (NOT HERE: zoo data fetch)"
    assert lines["epochs"].startswith("not known,")
    assert lines["to download"] == "start: not known"
    assert lines["evaluations"] == "4 of not known images"
    assert lines["to train first, where it was not"] == "mine/teacher"
    assert "device" not in lines
    data = plan_data(UNKNOWN)
    unknown = ("epochs", "download_bytes", "device", "memory_bytes", "step_s", "hours")
    assert [data[one] for one in unknown] == [None] * len(unknown)


def test_a_training_from_its_start_to_its_end_is_told_shortly() -> None:
    archives = (replace(PLAN.archives[0], is_cached=True),)
    whole = replace(PLAN, first_step=0, last_step=1000, archives=archives)
    lines = dict(plan_lines(replace(whole, mixup_epochs=0)))

    assert lines["steps"] == "1000 of 64 images"
    assert lines["epochs"] == "100.0, no images are blended"
    assert lines["to download"] == "nothing"


@pytest.mark.parametrize(
    ("size_bytes", "told"), [(999_900_000, "999.9 MB"), (1_000_000_000, "1.00 GB")]
)
def test_what_is_below_a_gigabyte_is_told_in_megabytes(
    size_bytes: int, told: str
) -> None:
    archives = (replace(PLAN.archives[0], size_bytes=size_bytes),)

    lines = dict(plan_lines(replace(PLAN, archives=archives)))

    assert lines["to download"] == f"start: {told}"


def test_the_data_holds_all_that_the_plan_does() -> None:
    data = json.loads(json.dumps(plan_data(PLAN)))

    assert data["hours"] == pytest.approx(400 * 9 / 3600 + 200 * 0.1 / 3600)
    assert data["training_set"] == {"present": True, "images": 640}
    assert data["archives"] == [
        {"archive": "start", "cached": False, "size_bytes": 2 * 10**9}
    ]
    renamed = {
        "recipe_id": "recipe",
        "image_count": "training_set",
        "is_there": "training_set",
        "schedule": "steps",
        "cost": "step_s",
    }
    names = [renamed.get(one.name, one.name) for one in fields(TrainingPlan)]
    assert set(names) <= data.keys()
    assert {one.name for one in fields(TrainingCost)} <= data.keys()
