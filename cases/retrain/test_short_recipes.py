"""The demo's short recipes: what a training must reach, and what must miss it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.values.recipes import Recipe
from harness.values.records import Verdict
from harness.values.rows import Row
from testing.workshop import Workshop, ap_pct

PRUNED = "yolov3-mobilenet_v1-coco-prune_r578-224"
DISTILLED = "yolov3-mobilenet_v1-coco-distill_split-224"

#: What a training must be worth at least, in AP points.
GAIN_PCT = 10.0
#: Enough for the running statistics to settle, the only thing that a rate of 0 changes.
IDLE_STEPS = 40


@pytest.fixture(scope="module")
def starts_pct(demo: Workshop) -> dict[str, float]:
    """The AP of what each row's recipe trains, before its first step."""
    return {name: demo.start_pct(demo.zoo.row(name)) for name in (PRUNED, DISTILLED)}


def row_of(workshop: Workshop, row_id: str) -> Row:
    return workshop.zoo.row(row_id)


@pytest.mark.parametrize("row_id", [PRUNED, DISTILLED])
def test_a_training_beats_its_start_by_ten_ap_within_the_margin_of_its_claim(
    workshop: Workshop, starts_pct: dict[str, float], row_id: str
) -> None:
    row = row_of(workshop, row_id)

    record = workshop.retrained(row)

    assert record.verdict is Verdict.REPRODUCED, record.reason
    assert ap_pct(record) >= starts_pct[row.row_id] + GAIN_PCT


@pytest.mark.parametrize("row_id", [PRUNED, DISTILLED])
def test_a_rate_of_zero_misses_the_claim(workshop: Workshop, row_id: str) -> None:
    """Statistics of batches settle all the same, which alone is worth some AP."""
    row = row_of(workshop, row_id)

    def idle(recipe: Recipe) -> Recipe:
        schedule = replace(
            recipe.schedule, base_rate=0.0, steps=IDLE_STEPS, milestones=()
        )
        return replace(recipe, schedule=schedule)

    record = workshop.changed(row, idle).retrained(row)

    assert record.verdict is Verdict.LOWER, record.reason


def test_a_teacher_with_shuffled_weights_teaches_what_misses_the_claim(
    workshop: Workshop, starts_pct: dict[str, float]
) -> None:
    row = row_of(workshop, DISTILLED)
    taught = workshop.recipe_of(row).distillation
    assert taught is not None
    teacher = workshop.book.published[taught.teacher]

    record = workshop.with_shuffled(teacher).retrained(row)

    assert record.verdict is Verdict.LOWER, record.reason
    assert ap_pct(record) < starts_pct[row.row_id] + GAIN_PCT


def test_what_another_plan_prunes_is_not_the_row_s_network(workshop: Workshop) -> None:
    row = row_of(workshop, PRUNED)

    def planned_otherwise(recipe: Recipe) -> Recipe:
        return replace(recipe, pruning="prune_sensity")

    record = workshop.changed(row, planned_otherwise).retrained(row, steps=1)

    assert record.verdict is Verdict.UNREADABLE
    assert "expected 32 (prune_r578), got 58 (prune_sensity)" in record.reason
