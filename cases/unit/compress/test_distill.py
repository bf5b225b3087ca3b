import importlib.util

import numpy as np
import pytest

from harness.compress.distill import DISTILLATIONS
from harness.model.paddle_run.graph import static_mode
from harness.model.paddle_run.loss_tensors import LossTensors
from harness.model.paddle_run.runtime import import_paddle
from testing.slow_losses import SlowLossOps, slow_gradients

WITHIN = 1e-5
NUM_CLASSES = 2


def heads(seed):
    """Three levels of two images of 64 pixels."""
    rng = np.random.default_rng(seed)
    shapes = [(2, 3 * (5 + NUM_CLASSES), side, side) for side in (2, 4, 8)]
    return [2 * rng.standard_normal(shape).astype(np.float32) for shape in shapes]


STUDENT, TEACHER = heads(1), heads(2)


def on_paddle(name, student, teacher):
    """A loss and the gradients of both sides; None where there is none."""
    paddle = import_paddle()
    ours = [paddle.to_tensor(one, stop_gradient=False) for one in student]
    theirs = [paddle.to_tensor(one) for one in teacher]
    loss = sum(DISTILLATIONS[name](LossTensors(), ours, theirs).values())
    loss.backward()
    return float(loss), [one.grad.numpy() for one in ours], [one.grad for one in theirs]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def cross_entropy(x, target):
    """As its definition has it; of logits that are not large."""
    return -target * np.log(sigmoid(x)) - (1 - target) * np.log(1 - sigmoid(x))


def literal_l2(student, teacher):
    return 100 * sum(
        np.mean((ours.astype(float) - theirs) ** 2)
        for ours, theirs in zip(student, teacher, strict=True)
    )


def literal_split(student, teacher, mask=lambda logit: logit > 0):
    """zoo-spec 4.3, one anchor at a time; means over three times as much as one has."""
    total = 0.0
    for ours, theirs in zip(student, teacher, strict=True):
        s, t = (one.astype(float) for one in (ours, theirs))
        for anchor in range(3):
            x, y, w, h, obj, *kinds = (
                anchor * (5 + NUM_CLASSES) + channel
                for channel in range(5 + NUM_CLASSES)
            )
            sure = sigmoid(t[:, obj])
            total += np.mean(cross_entropy(s[:, x], sigmoid(t[:, x])) * sure)
            total += np.mean(cross_entropy(s[:, y], sigmoid(t[:, y])) * sure)
            total += np.mean(np.abs(s[:, w] - t[:, w]) * sure)
            total += np.mean(np.abs(s[:, h] - t[:, h]) * sure)
            for kind in kinds:
                share = cross_entropy(s[:, kind], sigmoid(t[:, kind])) * sure
                total += np.mean(share) / NUM_CLASSES
            total += np.mean(cross_entropy(s[:, obj], mask(t[:, obj]) * 1.0))
    return 1000 * total / 3


LITERAL = {"l2": literal_l2, "split": literal_split}


@pytest.mark.parametrize("name", DISTILLATIONS)
def test_a_distillation_is_its_definition(name):
    loss, _, of_teacher = on_paddle(name, STUDENT, TEACHER)

    assert loss == pytest.approx(LITERAL[name](STUDENT, TEACHER), rel=WITHIN)
    assert of_teacher == [None] * 3


def test_split_asks_the_logit_of_the_teacher_not_its_sigmoid():
    loss, _, _ = on_paddle("split", STUDENT, TEACHER)

    wrong = literal_split(STUDENT, TEACHER, mask=lambda logit: sigmoid(logit) > 0)
    assert abs(loss / wrong - 1) > 0.01


def test_split_is_not_the_same_the_other_way_round():
    assert on_paddle("split", STUDENT, TEACHER)[0] != pytest.approx(
        on_paddle("split", TEACHER, STUDENT)[0], rel=0.01
    )


@pytest.mark.parametrize("name", DISTILLATIONS)
def test_the_gradient_is_that_of_slow_numpy(name):
    # one image, the two coarser levels: 20 cells a channel
    student, teacher = ([one[:1] for one in side[:2]] for side in (STUDENT, TEACHER))

    _, gradients, _ = on_paddle(name, student, teacher)

    exact = [one.astype(np.float64) for one in student]
    expected = slow_gradients(
        lambda arrays: sum(
            DISTILLATIONS[name](SlowLossOps(), arrays, teacher).values()
        ),
        exact,
    )
    largest = max(np.abs(one).max() for one in expected)
    for one, other in zip(gradients, expected, strict=True):
        assert np.abs(one - other).max() < WITHIN * largest


@pytest.mark.parametrize(
    ("name", "channel", "part", "share"),
    # the first anchor's w, objectness and one class of 18 channels, student's at 1.
    # l2: a mean over 18. split: over 3 anchors, by a teacher that is sure to a half
    [
        ("l2", 2, "distil_l2", 100 / 18),
        ("split", 2, "distil_box", 1000 * 0.5 / 3),
        ("split", 4, "distil_objectness", 1000 * np.log((1 + np.e) / 2) / 3),
        ("split", 5, "distil_classes", 1000 * 0.5 * np.log(0.5 + np.cosh(1) / 2) / 6),
    ],
)
def test_each_part_weighs_what_the_zoo_says(name, channel, part, share):
    """A worked case: one cell of one level, all 0 but what differs."""
    student, teacher = [np.zeros((1, 18, 1, 1))], [np.zeros((1, 18, 1, 1))]
    before = DISTILLATIONS[name](SlowLossOps(), student, teacher)
    student[0][0, channel] = 1.0

    after = DISTILLATIONS[name](SlowLossOps(), student, teacher)

    changes = {one: after[one] - before[one] for one in after}
    assert changes.pop(part) == pytest.approx(share)
    assert not any(changes.values())


@pytest.mark.skipif(
    importlib.util.find_spec("paddleslim") is None,
    reason="PaddleSlim is not installed; tox -e retrain has it",
)
def test_l2_is_that_of_paddleslim_which_runs_on_static_programs_alone():
    paddle = import_paddle()
    from paddleslim.dist import l2

    with static_mode():
        program = paddle.static.Program()
        with paddle.static.program_guard(program):
            for place, (ours, theirs) in enumerate(zip(STUDENT, TEACHER, strict=True)):
                paddle.static.data(f"student_{place}", ours.shape)
                paddle.static.data(f"teacher_{place}", theirs.shape)
            loss = sum(
                l2(f"teacher_{place}", f"student_{place}", program)
                for place in range(3)
            )
        feed = {
            f"{side}_{place}": one
            for side, levels in (("student", STUDENT), ("teacher", TEACHER))
            for place, one in enumerate(levels)
        }
        (value,) = paddle.static.Executor(paddle.CPUPlace()).run(
            program, feed=feed, fetch_list=[loss]
        )

    ours, _, _ = on_paddle("l2", STUDENT, TEACHER)
    assert ours == pytest.approx(100 * float(value), rel=WITHIN)
