"""The one rule by which schedules scale with the batch."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.values.schedules import Schedule, schedule_at, schedule_fault

#: Of YOLOv3-MobileNetV1 on COCO, at the published total.  # zoo-spec 5.1
PUBLISHED = Schedule(
    steps=500_200,
    batch=64,
    base_rate=0.001,
    warmup_steps=4_000,
    milestones=(400_000, 450_000),
    save_every_steps=2_000,
)


def test_the_published_batch_changes_nothing():
    assert schedule_at(PUBLISHED, 64) == PUBLISHED


def test_an_eighth_of_the_batch_takes_eight_times_the_steps_at_an_eighth_of_the_rate():
    assert schedule_at(PUBLISHED, 8) == Schedule(
        steps=4_001_600,
        batch=8,
        base_rate=0.000125,
        warmup_steps=32_000,
        milestones=(3_200_000, 3_600_000),
        save_every_steps=16_000,
    )


def test_twice_the_batch_takes_half_the_steps_at_twice_the_rate():
    assert schedule_at(PUBLISHED, 128) == Schedule(
        steps=250_100,
        batch=128,
        base_rate=0.002,
        warmup_steps=2_000,
        milestones=(200_000, 225_000),
        save_every_steps=1_000,
    )


@pytest.mark.parametrize(
    ("steps", "batch", "rounded"),
    [
        (33, 128, 17),  # 16.5: a half goes up
        (100, 192, 33),  # 33.3
        (101, 192, 34),  # 33.7
    ],
)
def test_steps_round_to_the_nearest(steps, batch, rounded):
    schedule = replace(PUBLISHED, steps=steps, milestones=(), warmup_steps=0)

    assert schedule_at(schedule, batch).steps == rounded


def test_a_warm_up_stays_one_and_none_stays_none():
    short = replace(PUBLISHED, warmup_steps=1, save_every_steps=1)
    none = replace(PUBLISHED, warmup_steps=0)

    assert schedule_at(short, 640).warmup_steps == 1
    assert schedule_at(short, 640).save_every_steps == 1
    assert schedule_at(none, 640).warmup_steps == 0


@given(batch=st.integers(1, 4096))
def test_as_many_images_are_seen_at_any_batch(batch):
    scaled = schedule_at(PUBLISHED, batch)

    for ours, published in (
        (scaled.steps, PUBLISHED.steps),
        (scaled.warmup_steps, PUBLISHED.warmup_steps),
        *zip(scaled.milestones, PUBLISHED.milestones, strict=True),
    ):
        assert abs(ours * batch - published * 64) <= batch / 2
    assert scaled.base_rate / batch == pytest.approx(0.001 / 64)
    assert schedule_fault(scaled) is None


@pytest.mark.parametrize("batch", [0, -8])
def test_a_batch_without_an_image_is_refused(batch):
    with pytest.raises(
        UsageError,
        match=rf"^batch of a training; expected 1 image or more, got {batch}; give the "
        "images of one step on all devices together",
    ):
        schedule_at(PUBLISHED, batch)


def test_the_largest_batch_leaves_a_step_between_any_two_marks():
    schedule = replace(PUBLISHED, steps=30, milestones=(10, 20), warmup_steps=0)

    assert schedule_at(schedule, 64 * 10).milestones == (1, 2)
    with pytest.raises(
        UsageError,
        match=r"^schedule of batch 64 at batch 2560; expected a step or more between "
        "warm-up, milestones and the end, got 0 then 1 then 1 then 1; train with a "
        "smaller batch",
    ):
        schedule_at(schedule, 64 * 40)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({}, None),
        ({"milestones": (4_001, 500_199)}, None),
        ({"milestones": (4_000,)}, "4000 then 4000 then 500200"),
        ({"milestones": (500_200,)}, "4000 then 500200 then 500200"),
        ({"milestones": (9_000, 9_000)}, "4000 then 9000 then 9000 then 500200"),
        ({"milestones": (), "warmup_steps": 500_200}, "500200 then 500200"),
    ],
)
def test_marks_of_a_schedule_rise(changed, fault):
    assert schedule_fault(replace(PUBLISHED, **changed)) == fault
