import logging
from dataclasses import replace

import numpy as np
import paddle
import pytest

from harness.compress.distill import DISTILLATIONS
from harness.errors import TrainingFailed
from harness.model.networks.pruned_channels import pruned_channels
from harness.model.networks.shapes import network_shapes
from harness.model.networks.yolov3 import YoloV3
from harness.train.initial import initial_weights
from harness.train.step import (
    Objective,
    Step,
    Teacher,
    TrainingState,
    decayed_variables,
)
from testing.slow_training import SlowStep, TinyYolo, random_state
from testing.training import training_batch

RATE = 1e-3
LOSS_WITHIN = 1e-5  # relatively
MOVE_WITHIN = 1e-4  # of its norm, over all variables; float32 weights hold no more
GAIN_WITHIN = 2e-6  # of velocities: likewise
STATISTICS_WITHIN = 1e-5

ORDINARY = Objective(num_classes=1)
SMOOTHED = Objective(num_classes=1, label_smooth=True)
FINE_GRAINED = Objective(num_classes=1, is_fine_grained=True)
NETWORK = TinyYolo()
BATCH = training_batch(seed=4, input_px=32, num_classes=1, count=2)
STUDENT, VELOCITIES = random_state(NETWORK, seed=1)
TEACHER, _ = random_state(NETWORK, seed=2)

#: Name of a training -> its objective and the distillation of its teacher, or None.
TRAININGS = {
    "ordinary": (ORDINARY, None),
    "smoothed": (SMOOTHED, None),
    "fine_grained": (FINE_GRAINED, None),
    "l2": (ORDINARY, "l2"),
    "split": (FINE_GRAINED, "split"),
}


def step_of(training, **asked):
    objective, distillation = TRAININGS[training]
    teacher = distillation and Teacher(
        network=NETWORK, weights=TEACHER, distillation=distillation
    )
    state = TrainingState(weights=STUDENT, velocities=VELOCITIES)
    return Step(NETWORK, state, objective, teacher=teacher, **asked)


@pytest.fixture(scope="module")
def done():
    """Losses, state before and state after one step of each training."""
    results = {}
    for training in TRAININGS:
        step = step_of(training)
        losses = step.run(BATCH, RATE).losses
        results[training] = losses, step.state()
    return results


@pytest.fixture(scope="module")
def slow():
    """What the slow step makes of a training: losses, weights, velocities; kept."""
    known = {}

    def outcome(training, *, batch=BATCH, **mistake):
        step = SlowStep().but(**mistake)
        key = training, batch is BATCH, step.teacher_trains
        if key not in known:
            known[key] = slow_gradients_of(step, training, batch)
        losses, gradients = known[key]
        statistics = step.statistics(NETWORK, STUDENT, batch.images)
        moved, gained = step.move(STUDENT, VELOCITIES, gradients, RATE)
        return losses, {**moved, **statistics}, gained

    return outcome


def slow_gradients_of(step, training, batch):
    objective, distillation = TRAININGS[training]

    def losses_of(ops, heads, heads_of_teacher):
        losses = objective(ops, heads, batch)
        if distillation:
            taught = DISTILLATIONS[distillation](ops, heads, heads_of_teacher)
            losses = {**losses, **taught}
        return losses

    teacher = distillation and (NETWORK, TEACHER)
    return step.gradients(NETWORK, STUDENT, batch.images, losses_of, teacher)


def differences(done, expected):
    """How far a step is from a slow one, as shares of what is allowed."""
    losses, state = done
    slow_losses, weights, velocities = expected
    assert losses.keys() == slow_losses.keys()
    total = sum(losses.values()), sum(slow_losses.values())
    trained = list(velocities)

    def moves(after, before):
        return np.concatenate(
            [(after[name] - before[name].astype(float)).ravel() for name in trained]
        )

    expected_move = moves(weights, STUDENT)
    expected_gain = moves(velocities, VELOCITIES)
    statistics = [name for name in weights if name not in velocities]
    return {
        "losses": abs(total[0] / total[1] - 1) / LOSS_WITHIN,
        "weights": np.linalg.norm(moves(state.weights, STUDENT) - expected_move)
        / np.linalg.norm(expected_move)
        / MOVE_WITHIN,
        "velocities": np.linalg.norm(
            moves(state.velocities, VELOCITIES) - expected_gain
        )
        / np.linalg.norm(expected_gain)
        / GAIN_WITHIN,
        "statistics": max(
            float(np.abs(state.weights[name] - weights[name]).max())
            for name in statistics
        )
        / STATISTICS_WITHIN,
    }


@pytest.mark.parametrize("training", TRAININGS)
def test_a_step_is_that_of_slow_numpy(done, slow, training):
    shares = differences(done[training], slow(training))

    assert max(shares.values()) < 1, shares


@pytest.mark.parametrize("clip_norm", [1.0, 15.0, 15.1])  # the gradients' own: 15.013
def test_a_step_with_a_limit_is_that_of_slow_numpy(slow, clip_norm):
    step = step_of("ordinary", clip_norm=clip_norm)

    done = step.run(BATCH, RATE).losses, step.state()

    shares = differences(done, slow("ordinary", clip_norm=clip_norm))
    assert max(shares.values()) < 1, shares
    unlimited = differences(done, slow("ordinary"))
    assert (unlimited["velocities"] > 1.5) == (clip_norm < 15.013)


@pytest.mark.parametrize(
    ("mistake", "training", "seen_in"),
    [
        ({"decay": 0.0}, "ordinary", "velocities"),
        ({"decays": (".weights", ".head", ".scale")}, "ordinary", "velocities"),
        ({"decays": (".weights", ".head", ".bias")}, "ordinary", "velocities"),
        ({"is_nesterov": True}, "ordinary", "weights"),
        ({"momentum": 0.8}, "ordinary", "velocities"),
        ({"bn_momentum": 0.99}, "ordinary", "statistics"),
        ({"teacher_trains": True}, "split", "losses"),
    ],
    ids=str,
)
def test_a_mistake_in_the_step_would_be_seen(done, slow, mistake, training, seen_in):
    shares = differences(done[training], slow(training, **mistake))

    assert shares[seen_in] > 1.5, shares


@pytest.mark.parametrize(
    ("training", "other"),
    [("ordinary", "smoothed"), ("smoothed", "ordinary")],
)
def test_another_loss_would_be_seen(done, slow, training, other):
    shares = differences(done[training], slow(other))

    assert shares["losses"] > 10
    assert shares["weights"] > 1.5


def test_ignored_scores_would_be_seen(done, slow):
    unscored = replace(BATCH, scores=np.ones_like(BATCH.scores))

    shares = differences(done["ordinary"], slow("ordinary", batch=unscored))

    assert shares["losses"] > 10
    assert shares["weights"] > 1.5


def test_a_teacher_stays_as_it_is(done):
    step = step_of("l2")
    held = {name: value.copy() for name, value in TEACHER.items()}
    first = step.run(BATCH, 0.0).losses["distil_l2"]
    second = step.run(BATCH, 0.0).losses["distil_l2"]

    assert first == second  # its running statistics too
    assert all(np.array_equal(TEACHER[name], value) for name, value in held.items())


def test_a_student_that_is_its_teacher_has_nothing_to_learn_but_normalising():
    """Inference is not training: equal weights differ by the batch's statistics."""
    state = TrainingState(weights=STUDENT, velocities={})
    teacher = Teacher(network=NETWORK, weights=STUDENT, distillation="l2")

    done = Step(NETWORK, state, ORDINARY, teacher=teacher).run(BATCH, RATE)

    assert done.losses["distil_l2"] > 0
    assert done.loss == sum(done.losses.values())


def test_the_step_from_a_state_is_the_step_that_was_going_on():
    whole = step_of("ordinary")
    whole.run(BATCH, RATE)
    between = whole.state()
    held = {name: value.copy() for name, value in between.weights.items()}
    whole.run(BATCH, RATE)
    resumed = Step(NETWORK, between, ORDINARY)
    resumed.run(BATCH, RATE)

    for name, value in whole.state().weights.items():
        assert np.array_equal(between.weights[name], held[name]), name
        assert np.array_equal(value, resumed.state().weights[name]), name
    for name, value in whole.state().velocities.items():
        assert np.array_equal(value, resumed.state().velocities[name]), name


def test_a_velocity_that_is_missing_is_0():
    empty = Step(NETWORK, TrainingState(weights=STUDENT, velocities={}), ORDINARY)
    zeros = {name: np.zeros_like(value) for name, value in VELOCITIES.items()}

    assert empty.state().velocities.keys() == zeros.keys()
    assert not any(value.any() for value in empty.state().velocities.values())
    started = Step(NETWORK, TrainingState(weights=STUDENT, velocities=zeros), ORDINARY)
    for step in (empty, started):
        step.run(BATCH, RATE)
    for name, value in empty.state().weights.items():
        assert np.array_equal(value, started.state().weights[name]), name


def test_a_rate_of_0_moves_velocities_and_statistics_alone():
    step = step_of("ordinary")

    step.run(BATCH, 0.0)

    after = step.state()
    for name, value in after.weights.items():
        assert np.array_equal(value, STUDENT[name]) == (name in VELOCITIES), name
    for name, value in after.velocities.items():
        assert not np.array_equal(value, VELOCITIES[name]), name


def test_a_loss_that_is_not_finite_moves_no_weight():
    broken = replace(BATCH, scores=np.full_like(BATCH.scores, np.inf))
    step = step_of("ordinary")

    with pytest.raises(
        TrainingFailed,
        match=r"^loss of xy, wh, objectness, classes; expected finite numbers, got ",
    ):
        step.run(broken, RATE)

    after = step.state()
    for name, value in VELOCITIES.items():
        assert np.array_equal(after.weights[name], STUDENT[name]), name
        assert np.array_equal(after.velocities[name], value), name


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("weights", r"^weights: tiny.0.scale: shape; expected \(2,\), got nothing; "),
        (
            "velocities",
            r"^velocities: tiny.0.scale: shape; expected \(2,\), got \(1,\)",
        ),
        ("teacher", r"^teacher: tiny.0.scale: shape; expected \(2,\), got nothing; "),
    ],
)
def test_a_state_of_another_network_is_refused(part, message):
    fewer = {name: one for name, one in STUDENT.items() if name != "tiny.0.scale"}
    other = {"tiny.0.scale": np.zeros(1, np.float32)}
    state = TrainingState(
        weights=fewer if part == "weights" else STUDENT,
        velocities=other if part == "velocities" else {},
    )
    teacher = Teacher(network=NETWORK, weights=fewer, distillation="l2")

    with pytest.raises(TrainingFailed, match=message):
        Step(NETWORK, state, ORDINARY, teacher=teacher if part == "teacher" else None)


def test_a_teacher_of_other_classes_is_refused():
    other = TinyYolo(num_classes=2)
    teacher = Teacher(network=other, weights=random_state(other)[0], distillation="l2")
    state = TrainingState(weights=STUDENT, velocities={})

    with pytest.raises(
        TrainingFailed,
        match=r"^shapes of the teacher's heads; expected \[\(2, 18, 1, 1\), .*, "
        r"got \[\(2, 21, 1, 1\), .*; take a teacher of the same classes$",
    ):
        Step(NETWORK, state, ORDINARY, teacher=teacher).run(BATCH, RATE)


def test_what_is_trained_is_logged(caplog):
    caplog.set_level(logging.INFO, logger="harness")

    step_of("l2")
    Step(NETWORK, TrainingState(weights=STUDENT, velocities={}), ORDINARY)

    counts = "training 15 variables, 6 of them decayed, {} velocities given, {}"
    assert caplog.messages == [
        counts.format(15, "l2 of a teacher"),
        counts.format(0, "without a teacher"),
    ]


def yolov3(backbone, pruning="none"):
    width = 1 / 16
    return YoloV3(
        backbone=backbone,
        num_classes=3,
        width=width,
        head_channels=pruned_channels(pruning, width),
    )


@pytest.mark.parametrize(
    ("backbone", "decayed", "left"),
    # trained variables: zoo-spec 2.6; normalisations: two of each, and three biases
    [
        ("mobilenet_v1", 147 - 2 * 47 - 3, 2 * 47 + 3),
        ("resnet34", 177 - 2 * 57 - 3, 2 * 57 + 3),
        ("resnet50_vd_dcn", 81 + 3, 237 - 81 - 3),
    ],
)
def test_the_decay_pulls_convolutions_and_what_steers_them(backbone, decayed, left):
    variables = network_shapes(yolov3(backbone)).variables
    trained = {name for name, one in variables.items() if one.is_trained}

    names = decayed_variables(variables)

    assert (len(names), len(trained - names)) == (decayed, left)
    assert all(
        len(variables[name].shape) == 4 or "_conv_offset" in name for name in names
    )
    assert not any(name.startswith("yolo_output") and "bias" in name for name in names)


def test_a_pruned_student_learns_from_a_full_teacher():
    student, full = yolov3("mobilenet_v1", "prune_r578"), yolov3("resnet34")
    weights = [
        initial_weights(network_shapes(one), num_classes=3, seed=7)
        for one in (student, full)
    ]
    batch = training_batch(seed=6, input_px=64, num_classes=3)
    step = Step(
        student,
        TrainingState(weights=weights[0], velocities={}),
        Objective(num_classes=3, is_fine_grained=True),
        teacher=Teacher(network=full, weights=weights[1], distillation="split"),
    )

    first = step.run(batch, RATE)
    second = step.run(batch, RATE)

    assert second.loss < first.loss
    for name, value in step.state().weights.items():
        assert not np.array_equal(value, weights[0][name]), name


def test_threads_that_an_evaluation_set_before_change_no_bit():
    batch = training_batch(seed=6, input_px=64, num_classes=3)
    network = yolov3("mobilenet_v1")
    weights = initial_weights(network_shapes(network), num_classes=3, seed=7)
    ends = []
    for before in (1, 2):
        step = Step(
            network,
            TrainingState(weights=weights, velocities={}),
            Objective(num_classes=3),
        )
        for _ in range(3):
            paddle.base.core.set_num_threads(before)  # as a predictor does
            step.run(batch, RATE)
        ends.append(step.state().weights)

    assert all(np.array_equal(ends[0][name], ends[1][name]) for name in weights)
