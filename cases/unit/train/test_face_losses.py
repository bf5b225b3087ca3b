import math

import numpy as np
import pytest

from harness.model.boxes.prior_boxes import prior_boxes
from harness.model.paddle_run.loss_tensors import LossTensors
from harness.model.paddle_run.runtime import import_paddle
from harness.train.face_losses import corners_of, face_losses
from harness.train.prior_matching import NO_FACE, encode_faces, match_priors
from harness.values.training import Batch
from testing.slow_losses import SlowLossOps, slow_gradients

SIZE_PX = 64


def batch_of(*faces, size_px=SIZE_PX):
    """Images with faces, each a list of boxes ``cx cy w h``, padded with one more."""
    most = max(map(len, faces)) + 1
    boxes = np.zeros((len(faces), most, 4), np.float32)
    scores = np.zeros((len(faces), most), np.float32)
    for image, of_image in enumerate(faces):
        boxes[image, : len(of_image)] = np.reshape(of_image, (-1, 4))
        scores[image, : len(of_image)] = 1
    return Batch(
        images=np.zeros((len(faces), 3, size_px, size_px), np.float32),
        boxes_cxcywh=boxes,
        classes=np.zeros((len(faces), most), np.int32),
        scores=scores,
    )


def crowd(seed, *, count=2):
    """Small faces and large ones, up to five in an image."""
    rng = np.random.default_rng(seed)
    return batch_of(
        *(
            [
                [*rng.uniform(0.2, 0.8, 2), *rng.uniform(0.1, 0.5, 2)]
                for _ in range(int(rng.integers(1, 6)))
            ]
            for _ in range(count)
        )
    )


def heads_for(batch, seed=4):
    rng = np.random.default_rng(seed)
    count, _, _, size_px = batch.images.shape
    return [
        rng.standard_normal(
            (count, values * priors, size_px // stride, size_px // stride)
        ).astype(np.float32)
        for stride, priors in ((8, 2), (16, 6))
        for values in (4, 2)
    ]


def slow_losses(heads, batch):
    """The loss of zoo-spec 5.5, one prior at a time."""
    count, _, _, size_px = batch.images.shape
    priors = prior_boxes(
        [one.shape[2:] for one in heads[0::2]], height_px=size_px, width_px=size_px
    )
    class_loss, box_loss, matched_count = 0.0, 0.0, 0
    for place in range(count):
        levels = [
            (heads[2 * level][place], heads[2 * level + 1][place], k)
            for level, k in ((0, 2), (1, 6))
        ]
        told = [
            (
                boxes[4 * one : 4 * one + 4, y, x].astype(float),
                classes[2 * one : 2 * one + 2, y, x].astype(float),
            )
            for boxes, classes, k in levels
            for y in range(boxes.shape[1])
            for x in range(boxes.shape[2])
            for one in range(k)
        ]
        faces = corners_of(batch.boxes_cxcywh[place][batch.scores[place] > 0])
        matched = match_priors(priors, faces)
        wrong = []
        for prior, (offsets, logits) in enumerate(told):
            face = matched[prior]
            label = 0 if face == NO_FACE else 1
            loss = math.log(sum(math.exp(one) for one in logits)) - logits[label]
            if face == NO_FACE:
                wrong.append(loss)
                continue
            class_loss += loss
            wanted = encode_faces(priors[[prior]], faces[[face]])[0]
            for a, b in zip(offsets, wanted, strict=True):
                far = abs(a - float(b))
                box_loss += 0.5 * far * far if far < 1 else far - 0.5
        positives = sum(one != NO_FACE for one in matched)
        matched_count += positives
        class_loss += sum(sorted(wrong, reverse=True)[: 3 * positives])
    return {"faces": class_loss / matched_count, "boxes": box_loss / matched_count}


@pytest.mark.parametrize("seed", range(3))
def test_the_loss_is_its_definition_one_prior_at_a_time(seed):
    paddle = import_paddle()
    batch = crowd(seed)
    heads = heads_for(batch)

    losses = face_losses(LossTensors(), [paddle.to_tensor(one) for one in heads], batch)

    expected = slow_losses(heads, batch)
    assert {name: float(one) for name, one in losses.items()} == pytest.approx(
        expected, rel=1e-5
    )


def test_the_gradient_is_that_of_slow_numpy():
    paddle = import_paddle()
    batch = batch_of([[0.5, 0.5, 0.5, 0.5]], [[0.3, 0.6, 0.6, 0.3]], size_px=32)
    heads = heads_for(batch)
    tensors = [paddle.to_tensor(one, stop_gradient=False) for one in heads]

    sum(face_losses(LossTensors(), tensors, batch).values()).backward()

    held = []
    exact = [one.astype(float) for one in heads]
    slopes = slow_gradients(
        lambda arrays: sum(face_losses(SlowLossOps(held), arrays, batch).values()),
        exact,
    )
    for tensor, slope in zip(tensors, slopes, strict=True):
        grad = np.zeros_like(slope) if tensor.grad is None else tensor.grad.numpy()
        assert np.abs(grad - slope).max() < 1e-5


def test_a_prior_that_is_right_and_far_from_wrong_costs_nothing():
    paddle = import_paddle()
    batch = batch_of([[0.5, 0.5, 0.5, 0.5]])
    heads = [np.zeros_like(one) for one in heads_for(batch)]
    sizes = [one.shape[2:] for one in heads[0::2]]
    priors = prior_boxes(sizes, height_px=SIZE_PX, width_px=SIZE_PX)
    faces = corners_of(batch.boxes_cxcywh[0, :1])
    matched = match_priors(priors, faces)
    for level, (start, k) in enumerate(((0, 2), (2 * 8 * 8, 6))):
        boxes, classes = heads[2 * level], heads[2 * level + 1]
        cells = [(y, x, n) for y, x in np.ndindex(*sizes[level]) for n in range(k)]
        for prior, (y, x, n) in enumerate(cells, start):
            is_face = matched[prior] != NO_FACE
            classes[0, 2 * n + is_face, y, x] = 50
            if is_face:
                told = encode_faces(priors[[prior]], faces)[0]
                boxes[0, 4 * n : 4 * n + 4, y, x] = told

    losses = face_losses(LossTensors(), [paddle.to_tensor(one) for one in heads], batch)

    assert {name: float(one) for name, one in losses.items()} == pytest.approx(
        {"faces": 0, "boxes": 0}, abs=1e-5
    )


def test_a_batch_without_faces_has_no_loss_and_no_slope():
    paddle = import_paddle()
    batch = batch_of([], [])
    heads = [paddle.to_tensor(one, stop_gradient=False) for one in heads_for(batch)]

    losses = face_losses(LossTensors(), heads, batch)
    losses["faces"].backward()

    assert {name: float(one) for name, one in losses.items()} == {"faces": 0}
    for head in heads:
        assert head.grad is None or not head.grad.numpy().any()


def test_an_image_without_faces_beside_others_changes_nothing():
    paddle = import_paddle()
    batch = batch_of([[0.5, 0.5, 0.5, 0.5]], [])
    alone = batch_of([[0.5, 0.5, 0.5, 0.5]])
    heads = heads_for(batch)

    both, one = (
        face_losses(LossTensors(), [paddle.to_tensor(each) for each in given], of)
        for given, of in ((heads, batch), ([each[:1] for each in heads], alone))
    )

    for name, value in one.items():
        assert float(both[name]) == pytest.approx(float(value), rel=1e-6)
