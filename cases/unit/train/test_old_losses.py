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


XY, WH, OBJECTNESS, CLASSES = slice(2), slice(2, 4), slice(4, 5), slice(5, None)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def entropy(logits, labels, weight):
    """Return the weighted cross entropy, and its slope."""
    loss = np.maximum(logits, 0) - logits * labels + np.log1p(np.exp(-np.abs(logits)))
    return loss * weight, (sigmoid(logits) - labels) * weight


def absolute(values, goals, weight):
    """Return the weighted difference, and its slope."""
    return np.abs(values - goals) * weight, np.sign(values - goals) * weight


def cells_of(head):
    """Return ``[N, 3, 5 + C, H, W]`` of a raw head."""
    count, _, height, width = head.shape
    return head.astype(np.float64).reshape(count, 3, -1, height, width)


def l2_parts(cells, teacher):
    """Return one level's terms by part and channels (zoo-spec 4.3)."""
    apart, share = cells - teacher, 100 / cells.size
    return {"distil_l2": [(slice(None), (share * apart**2, 2 * share * apart))]}


def split_parts(cells, teacher):
    """Return one level's terms by part and channels (zoo-spec 4.3)."""
    sure = sigmoid(teacher[:, :, OBJECTNESS])
    share = 1000 / sure.size
    goals = sigmoid(teacher)
    num_classes = cells.shape[2] - 5
    has_object = teacher[:, :, OBJECTNESS] > 0
    return {
        "distil_box": [
            (XY, entropy(cells[:, :, XY], goals[:, :, XY], share * sure)),
            (WH, absolute(cells[:, :, WH], teacher[:, :, WH], share * sure)),
        ],
        "distil_classes": [
            (
                CLASSES,
                entropy(
                    cells[:, :, CLASSES],
                    goals[:, :, CLASSES],
                    share / num_classes * sure,
                ),
            )
        ],
        "distil_objectness": [
            (OBJECTNESS, entropy(cells[:, :, OBJECTNESS], has_object, share))
        ],
    }


def overlaps(boxes, truths):
    """Return the IoU of each of ``[K, 4]`` with each of ``[G, 4]``: centre, size."""
    pair = (boxes[:, None], truths)
    near = np.maximum(*(one[..., :2] - one[..., 2:] / 2 for one in pair))
    far = np.minimum(*(one[..., :2] + one[..., 2:] / 2 for one in pair))
    both = np.prod(np.clip(far - near, 0, None), axis=-1)
    either = np.prod(boxes[:, None, 2:], -1) + np.prod(truths[..., 2:], -1) - both
    return both / either


def guessed_boxes(cells, mask, stride_px):
    """Return ``[N, 3HW, 4]``: centre and size as shares of the image."""
    count, _, _, height, width = cells.shape
    rows, columns = np.mgrid[:height, :width]
    anchors = np.array([ANCHORS_PX[one] for one in mask])[:, :, None, None]
    guessed = [
        (columns + sigmoid(cells[:, :, 0])) / width,
        (rows + sigmoid(cells[:, :, 1])) / height,
        np.exp(cells[:, :, 2]) * anchors[:, 0] / (width * stride_px),
        np.exp(cells[:, :, 3]) * anchors[:, 1] / (height * stride_px),
    ]
    return np.stack(guessed, axis=-1).reshape(count, -1, 4)


def fine_parts(cells, target, boxes, mask, stride_px):
    """Return one level's terms by part and channels (zoo-spec 4.4)."""
    share = 1 / len(cells)
    score = target[:, :, 5:6]
    weight = share * target[:, :, 4:5] * score
    most = [
        overlaps(*one).max(axis=1)
        for one in zip(guessed_boxes(cells, mask, stride_px), boxes, strict=True)
    ]
    empty = (score == 0) & (np.reshape(most, score.shape) <= 0.7)
    objectness, classes = cells[:, :, OBJECTNESS], cells[:, :, CLASSES]
    return {
        "fine_xy": [(XY, entropy(cells[:, :, XY], target[:, :, XY], weight))],
        "fine_wh": [(WH, absolute(cells[:, :, WH], target[:, :, WH], weight))],
        "fine_objectness": [
            (OBJECTNESS, entropy(objectness, score > 0, share * (score + empty)))
        ],
        "fine_classes": [(CLASSES, entropy(classes, target[:, :, 6:], share * score))],
    }


def assert_parts_are(golden, levels):
    """Hold each part's value and gradient to the terms of the three levels."""
    for part in levels[0]:
        value, gradients = 0.0, []
        for head, level in zip(golden.heads(), levels, strict=True):
            gradient = np.zeros_like(cells_of(head))
            for channels, (terms, slope) in level[part]:
                value += float(terms.sum())
                gradient[:, :, channels] = slope
            gradients.append(gradient)
        expected = golden.arrays[f"loss_{part}"][0]
        assert value == pytest.approx(expected, rel=TOLERANCE), part
        assert distance(gradients, golden.heads(f"grad_{part}")) < TOLERANCE, part


@pytest.mark.parametrize(
    ("kind", "parts_of"), [("l2_r578", l2_parts), ("split_sensity", split_parts)]
)
def test_what_is_distilled_is_its_definition(kind, parts_of):
    golden = read_training_golden(kind)
    pairs = zip(golden.heads(), golden.heads("teacher_head"), strict=True)

    levels = [parts_of(cells_of(head), cells_of(teacher)) for head, teacher in pairs]

    assert_parts_are(golden, levels)


@pytest.mark.parametrize("kind", ["fine_r578", "split_sensity"])
def test_the_fine_grained_loss_is_its_definition(kind):
    golden = read_training_golden(kind)
    boxes = golden.batches[0].boxes_cxcywh.astype(np.float64)
    levels = zip(
        golden.heads(), golden.heads("target"), ANCHOR_MASKS, STRIDES_PX, strict=True
    )

    parts = [
        fine_parts(cells_of(head), target.astype(np.float64), boxes, mask, stride_px)
        for head, target, mask, stride_px in levels
    ]

    assert_parts_are(golden, parts)
