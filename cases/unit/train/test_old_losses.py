"""The losses here, from the old runtime's own heads: its values, and its gradients."""

import numpy as np
import pytest

from harness.model.networks.yolov3_head import ANCHOR_MASKS, ANCHORS_PX, STRIDES_PX
from harness.model.paddle_run.runtime import import_paddle
from testing.training_goldens import read_training_golden

TOLERANCE = 1e-5  # of a value; of a gradient's norm
ORDINARY = (
    "ordinary",
    "smooth_r578",
    "sensity",
    "resnet34_r578",
    "resnet50_vd_dcn_r578",
)


def levels_of(golden, batch, *, smooth, scores=True):
    """Return the heads as leaves, and the loss of each level."""
    paddle = import_paddle()
    heads = [paddle.to_tensor(one, stop_gradient=False) for one in golden.heads()]
    losses = [
        paddle.vision.ops.yolo_loss(
            head,
            paddle.to_tensor(batch.boxes_cxcywh),
            paddle.to_tensor(batch.classes),
            anchors=[side for anchor in ANCHORS_PX for side in anchor],
            anchor_mask=list(mask),
            class_num=golden.about["num_classes"],
            ignore_thresh=0.7,  # zoo-spec 5.1
            downsample_ratio=stride_px,
            gt_score=paddle.to_tensor(batch.scores) if scores else None,
            use_label_smooth=smooth,
        ).mean()
        for head, mask, stride_px in zip(heads, ANCHOR_MASKS, STRIDES_PX, strict=True)
    ]
    return heads, losses


def distance(found, expected):
    """Return how far apart two lists of arrays are, as a share of the second's norm."""
    left, right = (
        np.concatenate([np.asarray(one, np.float64).ravel() for one in side])
        for side in (found, expected)
    )
    return np.linalg.norm(left - right) / np.linalg.norm(right)


@pytest.mark.parametrize("kind", [*ORDINARY, "l2_r578"])
def test_the_ordinary_loss_and_its_gradient_are_the_old_ones(kind):
    golden = read_training_golden(kind)

    heads, losses = levels_of(
        golden, golden.batches[0], smooth=golden.about["label_smooth"]
    )
    sum(losses).backward()

    expected = [golden.arrays[f"loss_yolo_{level}"][0] for level in range(3)]
    assert [float(one) for one in losses] == pytest.approx(expected, rel=TOLERANCE)
    gradients = [one.grad.numpy() for one in heads]
    assert distance(gradients, golden.heads("grad_yolo")) < TOLERANCE


@pytest.mark.parametrize("kind", ORDINARY)
def test_label_smoothing_swapped_or_scores_ignored_is_seen(kind):
    golden = read_training_golden(kind)
    smooth, expected = golden.about["label_smooth"], golden.arrays["loss"][0]

    for changed in ({"smooth": not smooth}, {"smooth": smooth, "scores": False}):
        _, losses = levels_of(golden, golden.batches[0], **changed)
        found = float(sum(losses))
        assert abs(found - expected) > 10 * TOLERANCE * expected


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def cross_entropy(logits, labels):
    return np.maximum(logits, 0) - logits * labels + np.log1p(np.exp(-np.abs(logits)))


def apart(head):
    """Return x, y, w, h, objectness ``[N, 3, H, W]``, classes ``[N, 3, C, H, W]``."""
    count, _, height, width = head.shape
    cells = head.astype(np.float64).reshape(count, 3, -1, height, width)
    return *(cells[:, :, place] for place in range(5)), cells[:, :, 5:]


def split_parts(head, teacher):
    """Return one level's box, classes and objectness (zoo-spec 4.3)."""
    x, y, w, h, objectness, classes = apart(head)
    tx, ty, tw, th, sure, tclasses = apart(teacher)
    share = sigmoid(sure)
    box = cross_entropy(x, sigmoid(tx)) + cross_entropy(y, sigmoid(ty))
    box += np.abs(w - tw) + np.abs(h - th)
    of_class = cross_entropy(classes, sigmoid(tclasses)) * share[:, :, None]
    return (
        (box * share).mean(),
        of_class.mean(),
        cross_entropy(objectness, sure > 0).mean(),
    )


def test_the_distilled_differences_are_their_definition():
    golden = read_training_golden("l2_r578")
    pairs = zip(golden.heads(), golden.heads("teacher_head"), strict=True)

    found = 100 * sum(
        np.square(head.astype(np.float64) - teacher).mean() for head, teacher in pairs
    )

    assert golden.arrays["loss_distil_l2"][0] == pytest.approx(found, rel=TOLERANCE)


def test_the_distilled_parts_are_their_definition():
    golden = read_training_golden("split_sensity")
    pairs = zip(golden.heads(), golden.heads("teacher_head"), strict=True)

    found = 1000 * np.sum([split_parts(*one) for one in pairs], axis=0)

    expected = [
        golden.arrays[f"loss_distil_{one}"][0]
        for one in ("box", "classes", "objectness")
    ]
    assert found == pytest.approx(expected, rel=TOLERANCE)


def overlaps(boxes, truths):
    """Return the IoU of each of ``[K, 4]`` with each of ``[G, 4]``: centre, size."""
    near = np.maximum(
        *(one[..., :2] - one[..., 2:] / 2 for one in (boxes[:, None], truths))
    )
    far = np.minimum(
        *(one[..., :2] + one[..., 2:] / 2 for one in (boxes[:, None], truths))
    )
    both = np.prod(np.clip(far - near, 0, None), axis=-1)
    either = np.prod(boxes[:, None, 2:], -1) + np.prod(truths[..., 2:], -1) - both
    return both / either


def fine_parts(head, target, boxes, mask, stride_px):
    """Return one level's xy, wh, objectness and classes (zoo-spec 4.4)."""
    x, y, w, h, objectness, classes = apart(head)
    goal = target.astype(np.float64)
    score, weight = goal[:, :, 5], goal[:, :, 4] * goal[:, :, 5]
    count, _, height, width = x.shape
    rows, columns = np.mgrid[:height, :width]
    anchors = np.array([ANCHORS_PX[one] for one in mask])[:, :, None, None]
    input_px = height * stride_px
    guessed = np.stack(
        [
            (columns + sigmoid(x)) / width,
            (rows + sigmoid(y)) / height,
            np.exp(w) * anchors[:, 0] / input_px,
            np.exp(h) * anchors[:, 1] / input_px,
        ],
        axis=-1,
    )
    most = np.stack(
        [
            overlaps(guessed[n].reshape(-1, 4), boxes[n])
            .max(axis=1)
            .reshape(x[n].shape)
            for n in range(count)
        ]
    )
    empty = (score == 0) & (most <= 0.7)
    parts = (
        (cross_entropy(x, goal[:, :, 0]) + cross_entropy(y, goal[:, :, 1])) * weight,
        (np.abs(w - goal[:, :, 2]) + np.abs(h - goal[:, :, 3])) * weight,
        cross_entropy(objectness, score > 0) * (score + empty),
        cross_entropy(classes, goal[:, :, 6:]) * score[:, :, None],
    )
    return [one.sum() / count for one in parts]


@pytest.mark.parametrize("kind", ["fine_r578", "split_sensity"])
def test_the_fine_grained_parts_are_their_definition(kind):
    golden = read_training_golden(kind)
    levels = zip(
        golden.heads(), golden.heads("target"), ANCHOR_MASKS, STRIDES_PX, strict=True
    )

    found = np.sum(
        [
            fine_parts(
                head, target, golden.batches[0].boxes_cxcywh.astype(float), mask, stride
            )
            for head, target, mask, stride in levels
        ],
        axis=0,
    )

    expected = [
        golden.arrays[f"loss_fine_{one}"][0]
        for one in ("xy", "wh", "objectness", "classes")
    ]
    assert found == pytest.approx(expected, rel=TOLERANCE)
