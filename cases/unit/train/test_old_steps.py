"""One step of ours from each state of the old runtime, in all its kinds of training."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.artifact.checkpoint_folder import find_checkpoint_folder
from harness.artifact.unpack import unpack
from harness.model.boxes.preprocess import NORMALISATIONS, normalise
from harness.model.layouts.opened_folder import open_folder
from harness.model.layouts.weights import Arrays, read_weights
from harness.model.networks.pruned_channels import pruned_channels
from harness.model.networks.shapes import network_shapes
from harness.model.networks.yolov3 import YoloV3
from harness.model.paddle_run.runtime import import_paddle
from harness.model.paddle_run.tensors import TensorOps
from harness.train import step as step_module
from harness.train.step import Objective, Step, Teacher
from harness.train.step import TrainingState as StepState
from harness.values.training import Batch
from testing.training_goldens import (
    STEPS,
    TRAIN,
    TrainingGolden,
    TrainingState,
    read_training_golden,
)
from testing.training_steps import step_faults

PRUNINGS = {"unpruned": "none", "r578": "prune_r578", "sensity": "prune_sensity"}
LAST_STEP = STEPS - 1
KINDS = (
    *("ordinary", "smooth_r578", "fine_r578", "sensity"),
    *("l2_r578", "split_sensity", "resnet34_r578", "resnet50_vd_dcn_r578"),
)

#: What a test changes of a step: its objective, batch and rate, and words of ``Step``.
Changed = Callable[[Objective, Batch, float], tuple[Objective, Batch, float]]


@pytest.fixture(scope="module")
def teacher_of(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[TrainingGolden], Teacher | None]:
    """Give the network that taught, with its weights; None where nothing did."""
    teachers: dict[str, Arrays] = {}

    def found(golden: TrainingGolden) -> Teacher | None:
        about = golden.about
        if not about["distil"]:
            return None
        network = YoloV3(
            backbone="resnet34",
            num_classes=about["num_classes"],
            width=about["width"],
            head_channels=pruned_channels("none", about["width"]),
        )
        name = about["teacher"]
        if name not in teachers:
            cache = tmp_path_factory.mktemp("teacher")
            shapes = network_shapes(network)
            stem = name.removesuffix(".tar.gz")
            folder = find_checkpoint_folder(unpack(TRAIN / name, cache), stem)
            teachers[name] = read_weights(
                open_folder(folder, tuple(shapes.variables))[1], shapes
            )
        return Teacher(
            network=network, weights=teachers[name], distillation=about["distil"]
        )

    return found


def take_step(
    golden: TrainingGolden,
    step: int,
    teacher: Teacher | None,
    *,
    change: Changed = lambda *given: given,
    **words: Any,
) -> tuple[TrainingState, float]:
    """Take one step from a state of the golden; what is left, and the loss."""
    about, before, seen = golden.about, golden.states[step], golden.batches[step]
    network = YoloV3(
        backbone=about["backbone"],
        num_classes=about["num_classes"],
        width=about["width"],
        head_channels=pruned_channels(PRUNINGS[about["plan"]], about["width"]),
    )
    objective, batch, rate = change(
        Objective(
            num_classes=about["num_classes"],
            label_smooth=about["label_smooth"],
            is_fine_grained=about["loss"] == "fine",
        ),
        Batch(
            images=normalise(seen.images_rgb, NORMALISATIONS[about["backbone"]]),
            boxes_cxcywh=seen.boxes_cxcywh,
            classes=seen.classes,
            scores=seen.scores,
        ),
        float(golden.rate(step)),
    )
    training = Step(
        network,
        StepState(
            weights=before.weights | before.statistics, velocities=before.velocities
        ),
        objective,
        teacher=teacher,
        **words,
    )
    done = training.run(batch, rate)
    after = training.state()
    left = TrainingState(
        weights={name: after.weights[name] for name in before.weights},
        velocities=dict(after.velocities),
        statistics={name: after.weights[name] for name in before.statistics},
    )
    return left, done.loss


@pytest.mark.parametrize("kind", KINDS)
def test_each_of_ten_steps_agrees_with_the_old_runtime(kind, teacher_of):
    golden = read_training_golden(kind)
    teacher = teacher_of(golden)

    faults = {
        step: step_faults(golden, step, *take_step(golden, step, teacher))
        for step in range(STEPS)
    }

    assert not any(faults.values()), faults


@pytest.fixture(scope="module")
def ordinary() -> TrainingGolden:
    return read_training_golden("ordinary")


def smoothed(objective, batch, rate):
    return replace(objective, label_smooth=True), batch, rate


def unscored(objective, batch, rate):
    scores = np.ones_like(batch.scores)
    return objective, replace(batch, scores=scores), rate


def standing(objective, batch, rate):
    return objective, batch, 0.0


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"change": standing}, "weights"),
        ({"decay": 0.0}, "weights"),
        ({"momentum": 0.8}, "weights"),
        ({"change": smoothed}, "loss"),
        ({"change": unscored}, "loss"),
        ({"bn_momentum": 0.99}, "statistics"),
    ],
    ids=["no step", "no L2", "momentum 0.8", "smoothed", "no scores", "BN 0.99"],
)
def test_a_step_that_is_wrong_in_one_thing_does_not_agree(ordinary, wrong, what):
    left, loss = take_step(ordinary, LAST_STEP, None, **wrong)

    faults = step_faults(ordinary, LAST_STEP, left, loss)
    assert any(one.startswith(f"{what}:") for one in faults), faults


def everything(variables):
    return frozenset(variables)


def test_decay_of_normalisations_does_not_agree(ordinary, monkeypatch):
    monkeypatch.setattr(step_module, "decayed_variables", everything)
    left, loss = take_step(ordinary, LAST_STEP, None)

    assert step_faults(ordinary, LAST_STEP, left, loss) != []


def test_a_step_of_nesterov_does_not_agree(ordinary, monkeypatch):
    paddle = import_paddle()
    plain = paddle.optimizer.Momentum

    def nesterov(**words):
        return plain(**words, use_nesterov=True)

    monkeypatch.setattr(paddle.optimizer, "Momentum", nesterov)
    left, loss = take_step(ordinary, LAST_STEP, None)

    assert step_faults(ordinary, LAST_STEP, left, loss) != []


def test_a_teacher_that_normalises_by_its_batch_does_not_agree(teacher_of, monkeypatch):
    golden = read_training_golden("split_sensity")

    teacher = teacher_of(golden)
    monkeypatch.setattr(step_module, "frozen_outputs", unfrozen_outputs)
    left, loss = take_step(golden, LAST_STEP, teacher)

    faults = step_faults(golden, LAST_STEP, left, loss)
    assert any(one.startswith("loss:") for one in faults), faults


def unfrozen_outputs(network, weights):
    """A teacher whose normalisations are in training mode."""
    paddle = import_paddle()
    state = {name: paddle.to_tensor(one) for name, one in weights.items()}
    ops = TensorOps(state, training=True)

    def outputs(images):
        with paddle.no_grad():
            return network(ops, paddle.to_tensor(images))

    return outputs
