import math
from dataclasses import replace

import numpy as np
import pytest

from harness.model.boxes.prior_boxes import prior_boxes
from harness.model.networks.shapes import network_shapes
from harness.model.paddle_run.runtime import import_paddle
from harness.train import blazeface
from harness.train.blazeface import BlazeFaceTask, face_loss
from harness.train.face_batches import FaceBatch, draw_face_batch
from harness.train.initial import initial_weights
from harness.train.prior_matching import NO_FACE, encode_faces, match_priors
from harness.train.trainer import train


@pytest.fixture
def task(recipe, monkeypatch):
    """Six steps of two small crowds, drawn in this process."""

    def drawn_here(draw, first, last, recipe):
        return (
            draw(step, seed=recipe.seed, batch=recipe.batch, sizes_px=recipe.sizes_px)
            for step in range(first, last)
        )

    monkeypatch.setattr(blazeface, "drawn_ahead", drawn_here)
    return BlazeFaceTask(
        recipe=replace(recipe, backbone="nas", num_classes=2, width=0.5)
    )


def test_six_steps_change_every_variable_and_stay_finite(task, tmp_path):
    initial = initial_weights(network_shapes(task.network), num_classes=2, seed=3)

    weights = train(
        task, initial, checkpoint_path=tmp_path / "run.npz", report=lambda one: None
    )

    assert weights.keys() == initial.keys()
    for name, value in weights.items():
        assert np.isfinite(value).all(), name
        assert not np.array_equal(value, initial[name]), name


def test_numbered_normalisations_start_neutral(task):
    initial = initial_weights(network_shapes(task.network), num_classes=2, seed=3)

    assert (initial["batch_norm_0.w_0"] == 1).all()  # scale
    assert (initial["batch_norm_0.b_0"] == 0).all()
    assert (initial["batch_norm_0.w_1"] == 0).all()  # mean
    assert (initial["batch_norm_0.w_2"] == 1).all()  # variance


def heads_for(batch, seed=4):
    rng = np.random.default_rng(seed)
    count, size_px = batch.images_rgb.shape[:2]
    return tuple(
        rng.standard_normal(
            (count, values * priors, size_px // stride, size_px // stride)
        ).astype(np.float32)
        for stride, priors in ((8, 2), (16, 6))
        for values in (4, 2)
    )


def slow_loss(heads, batch):
    """The loss of zoo-spec 5.5, one prior at a time."""
    count, size_px = batch.images_rgb.shape[:2]
    priors = prior_boxes(
        [one.shape[2:] for one in heads[0::2]], height_px=size_px, width_px=size_px
    )
    total, faces_matched = 0.0, 0
    for place in range(count):
        rows = [
            (heads[2 * level][place], heads[2 * level + 1][place], k)
            for level, k in ((0, 2), (1, 6))
        ]
        told = [
            (
                boxes[4 * one : 4 * one + 4, y, x].astype(float),
                classes[2 * one : 2 * one + 2, y, x].astype(float),
            )
            for boxes, classes, k in rows
            for y in range(boxes.shape[1])
            for x in range(boxes.shape[2])
            for one in range(k)
        ]
        faces = batch.boxes_xyxy[place]
        matched = match_priors(priors, faces)
        wrong = []
        for prior, (offsets, logits) in enumerate(told):
            face = matched[prior]
            label = 0 if face == NO_FACE else 1
            loss = math.log(sum(math.exp(one) for one in logits)) - logits[label]
            if face == NO_FACE:
                wrong.append(loss)
                continue
            faces_matched += 1
            total += loss
            wanted = encode_faces(priors[[prior]], faces[[face]])[0]
            for a, b in zip(offsets, wanted, strict=True):
                far = abs(a - float(b))
                total += 0.5 * far * far if far < 1 else far - 0.5
        positives = sum(one != NO_FACE for one in matched)
        total += sum(sorted(wrong, reverse=True)[: 3 * positives])
    return total / faces_matched


@pytest.mark.parametrize("step", range(3))
def test_the_loss_is_its_definition_one_prior_at_a_time(step):
    paddle = import_paddle()
    batch = draw_face_batch(step, seed=1, batch=2, sizes_px=(64,))
    heads = heads_for(batch)

    loss = float(face_loss(tuple(paddle.to_tensor(one) for one in heads), batch))

    assert loss == pytest.approx(slow_loss(heads, batch), rel=1e-4)


def test_a_batch_without_faces_has_no_loss():
    paddle = import_paddle()
    batch = FaceBatch(
        images_rgb=np.zeros((1, 64, 64, 3), np.uint8),
        boxes_xyxy=(np.zeros((0, 4), np.float32),),
    )
    heads = tuple(paddle.to_tensor(one) for one in heads_for(batch))

    assert float(face_loss(heads, batch)) == 0
