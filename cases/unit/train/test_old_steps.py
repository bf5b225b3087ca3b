"""One step here from each state of the old runtime: operations and update agree.

The update is written out, so that each way to get it wrong is one changed number.
"""

import numpy as np
import pytest

from harness.model.boxes.preprocess import NORMALISATIONS, normalise
from harness.model.networks.pruned_channels import pruned_channels
from harness.model.networks.yolov3 import YoloV3
from harness.model.networks.yolov3_head import ANCHOR_MASKS, ANCHORS_PX, STRIDES_PX
from harness.model.paddle_run.runtime import import_paddle
from harness.model.paddle_run.tensors import TensorOps
from testing.training_goldens import (
    STEPS,
    TrainingBatch,
    TrainingGolden,
    TrainingState,
    read_training_golden,
)
from testing.training_steps import step_faults

PRUNINGS = {"unpruned": "none", "r578": "prune_r578", "sensity": "prune_sensity"}
LAST_STEP = STEPS - 1


def take_step(
    golden: TrainingGolden,
    step: int,
    *,
    momentum: float = 0.9,  # zoo-spec 5.1, as all below
    decay: float = 5e-4,
    decay_of_bn: float = 0.0,
    bn_momentum: float = 0.9,
    nesterov: bool = False,
    smooth: bool | None = None,
    with_scores: bool = True,
    rate: float | None = None,
) -> tuple[TrainingState, float]:
    """Take one step from a state of the golden; what is left, and the loss."""
    paddle = import_paddle()
    before, batch = golden.states[step], golden.batches[step]
    about = golden.about
    network = YoloV3(
        backbone=about["backbone"],
        num_classes=about["num_classes"],
        width=about["width"],
        head_channels=pruned_channels(PRUNINGS[about["plan"]], about["width"]),
    )
    state = {
        name: paddle.to_tensor(one, stop_gradient=name not in before.weights)
        for name, one in (before.weights | before.statistics).items()
    }
    images = normalise(batch.images_rgb, NORMALISATIONS[about["backbone"]])
    loss = ordinary_loss(
        network(
            TensorOps(state, training=True, bn_momentum=bn_momentum),
            paddle.to_tensor(images),
        ),
        batch,
        num_classes=about["num_classes"],
        smooth=about["label_smooth"] if smooth is None else smooth,
        with_scores=with_scores,
    )
    loss.backward()
    step_rate = golden.rate(step) if rate is None else np.float32(rate)
    weights, velocities = {}, {}
    for name, one in before.weights.items():
        is_filter = one.ndim == 4
        share = decay if is_filter else decay_of_bn * name.endswith(("scale", "offset"))
        gradient = state[name].grad.numpy() + np.float32(share) * one
        velocities[name] = np.float32(momentum) * before.velocities[name] + gradient
        along = velocities[name]
        if nesterov:
            along = gradient + np.float32(momentum) * along
        weights[name] = one - step_rate * along
    left = TrainingState(
        weights=weights,
        velocities=velocities,
        statistics={name: state[name].numpy() for name in before.statistics},
    )
    return left, float(loss)


def ordinary_loss(
    heads, batch: TrainingBatch, *, num_classes: int, smooth: bool, with_scores: bool
):
    paddle = import_paddle()
    levels = zip(heads, ANCHOR_MASKS, STRIDES_PX, strict=True)
    return sum(
        paddle.vision.ops.yolo_loss(
            head,
            paddle.to_tensor(batch.boxes_cxcywh),
            paddle.to_tensor(batch.classes),
            anchors=[side for anchor in ANCHORS_PX for side in anchor],
            anchor_mask=list(mask),
            class_num=num_classes,
            ignore_thresh=0.7,  # zoo-spec 5.1
            downsample_ratio=stride_px,
            gt_score=paddle.to_tensor(batch.scores) if with_scores else None,
            use_label_smooth=smooth,
        ).mean()
        for head, mask, stride_px in levels
    )


@pytest.fixture(scope="module")
def ordinary() -> TrainingGolden:
    return read_training_golden("ordinary")


@pytest.mark.parametrize(
    "kind",
    ["ordinary", "smooth_r578", "sensity", "resnet34_r578", "resnet50_vd_dcn_r578"],
)
def test_each_of_ten_steps_agrees_with_the_old_runtime(kind):
    golden = read_training_golden(kind)

    faults = {
        step: step_faults(golden, step, *take_step(golden, step))
        for step in range(STEPS)
    }

    assert not any(faults.values()), faults


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"rate": 0.0}, "weights"),
        ({"decay": 0.0}, "weights"),
        ({"decay_of_bn": 5e-4}, "weights"),
        ({"nesterov": True}, "weights"),
        ({"momentum": 0.8}, "weights"),
        ({"smooth": True}, "loss"),
        ({"with_scores": False}, "loss"),
        ({"bn_momentum": 0.99}, "statistics"),
    ],
)
def test_a_step_that_is_wrong_in_one_thing_does_not_agree(ordinary, wrong, what):
    faults = step_faults(ordinary, LAST_STEP, *take_step(ordinary, LAST_STEP, **wrong))

    assert any(one.startswith(f"{what}:") for one in faults)
