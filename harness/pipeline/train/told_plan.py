"""Tells a plan of a training: as data, and as the lines of a table."""

from __future__ import annotations

from typing import Any

from harness.pipeline.train.training_plan import TrainingPlan, told_hours, told_seconds

NOT_KNOWN = "not known"
GB_BYTES = 1_000_000_000


def plan_data(plan: TrainingPlan) -> dict[str, Any]:
    """Return a plan as data that JSON can hold; None is not known."""
    cost, schedule = plan.cost, plan.schedule
    return {
        "recipe": str(plan.recipe_id),
        "training_set": {"present": plan.is_there, "images": plan.image_count},
        "steps": schedule.steps,
        "first_step": plan.first_step,
        "last_step": plan.last_step,
        "steps_left": plan.steps_left,
        "batch": schedule.batch,
        "base_rate": schedule.base_rate,
        "epochs": plan.epochs,
        "mixup_epochs": plan.mixup_epochs,
        "archives": [
            {"archive": one.name, "cached": one.is_cached, "size_bytes": one.size_bytes}
            for one in plan.archives
        ],
        "download_bytes": plan.download_bytes,
        "trained_first": [str(one) for one in plan.trained_first],
        "checkpoint_bytes": plan.checkpoint_bytes,
        "disk_bytes": plan.disk_bytes,
        "evaluations": plan.evaluations,
        "evaluated_images": plan.evaluated_images,
        "device": None if plan.device is None else plan.device.model,
        "memory_bytes": None if cost is None else cost.memory_bytes,
        "machine_bytes": None if cost is None else cost.machine_bytes,
        "largest_batch": None if cost is None else cost.largest_batch,
        "memory_warning": plan.memory_warning,
        "network_s": None if cost is None else cost.network_s,
        "chain_s": None if cost is None else cost.chain_s,
        "step_s": None if cost is None else cost.step_s,
        "forward_s": None if cost is None else cost.forward_s,
        "training_hours": plan.training_hours,
        "evaluation_hours": plan.evaluation_hours,
        "hours": plan.hours,
    }


def plan_lines(plan: TrainingPlan) -> list[tuple[str, str]]:
    """Return a plan as pairs of a name and what is to be said of it."""
    cost, schedule = plan.cost, plan.schedule
    where = "here" if plan.is_there else "NOT HERE: zoo data fetch"
    lines = [
        ("recipe", str(plan.recipe_id)),
        ("training set", f"{_number(plan.image_count)} images ({where})"),
        ("steps", _steps(plan)),
        ("base rate", f"{schedule.base_rate:g}"),
        ("epochs", f"{_number(plan.epochs, '.1f')}, {_mixup(plan)}"),
        ("to download", _downloads(plan)),
        ("checkpoints on disk", f"up to {_size(plan.disk_bytes)}"),
        (
            "evaluations",
            f"{plan.evaluations} of {_number(plan.evaluated_images)} images",
        ),
    ]
    if plan.trained_first:
        names = ", ".join(map(str, plan.trained_first))
        lines.append(("to train first, where it was not", names))
    if cost is not None and plan.device is not None:
        lines += [
            ("device", f"{plan.device.model}, {_size(cost.machine_bytes)}"),
            ("memory of a step", f"about {_size(cost.memory_bytes)}"),
            ("seconds of a step", told_seconds(cost.step_s)),
            ("  the network alone", told_seconds(cost.network_s)),
            ("  its images, on one core", told_seconds(cost.chain_s)),
            ("evaluating", told_hours(plan.evaluation_hours)),
            ("all of it, as busy as the machine is", told_hours(plan.hours)),
        ]
    if plan.memory_warning is not None:
        lines.append(("memory", plan.memory_warning))
    return lines


def _steps(plan: TrainingPlan) -> str:
    of_all = f"{plan.last_step} of {plan.schedule.batch} images"
    if plan.last_step < plan.schedule.steps:
        of_all += f", of the schedule's {plan.schedule.steps}"
    if plan.first_step:
        of_all += f"; {plan.first_step} are done"
    return of_all


def _mixup(plan: TrainingPlan) -> str:
    if not plan.mixup_epochs:
        return "no images are blended"
    return f"images are blended in the first {plan.mixup_epochs}"


def _downloads(plan: TrainingPlan) -> str:
    to_come = [one for one in plan.archives if not one.is_cached]
    if not to_come:
        return "nothing"
    names = ", ".join(one.name for one in to_come)
    return f"{names}: {_size(plan.download_bytes)}"


def _size(count_bytes: int | None) -> str:
    if count_bytes is None:
        return NOT_KNOWN
    if count_bytes < GB_BYTES:
        return f"{count_bytes / 1e6:.1f} MB"
    return f"{count_bytes / GB_BYTES:.2f} GB"


def _number(number: float | None, form: str = "") -> str:
    return NOT_KNOWN if number is None else format(number, form)
