import numpy as np
import pytest

from harness.model.networks.ops import BatchNormNames
from harness.model.networks.shapes import network_shapes
from harness.model.paddle_run.runtime import import_paddle
from harness.model.paddle_run.trainee import Trainee, frozen_outputs

RNG = np.random.default_rng(8)
NAMES = BatchNormNames(
    scale="bn.scale", offset="bn.offset", mean="bn.mean", variance="bn.variance"
)
IMAGES = RNG.standard_normal((2, 3, 4, 4)).astype(np.float32)
SLOPES = RNG.standard_normal((2, 5, 4, 4)).astype(np.float32)
#: Of the linear network, whatever its weights.
GRADIENTS = {
    "weights": np.einsum("bohw,bihw->oi", SLOPES.astype(float), IMAGES.astype(float))[
        :, :, None, None
    ],
    "bias": SLOPES.astype(float).sum((0, 2, 3)),
}
NORM = float(np.sqrt(sum((one**2).sum() for one in GRADIENTS.values())))


def linear(ops, image):
    return (ops.conv(image, "weights", out=5, kernel=1, bias="bias"),)


def normalised(ops, image):
    return (ops.batch_norm(image, NAMES),)


def state_of(network):
    return {
        name: RNG.uniform(0.5, 2, variable.shape).astype(np.float32)
        for name, variable in network_shapes(network).variables.items()
    }


def trainee_of(network, weights, velocities, **asked):
    asked = {"decayed": {"weights"}, "momentum": 0.9, "decay": 5e-4, **asked}
    variables = network_shapes(network).variables
    return Trainee(network, variables, weights, velocities, **asked)


def loss_of(ops, outputs):
    """A sum whose gradient in the output is known: the slopes."""
    slopes = SLOPES[:, : outputs[0].shape[1]]
    return {"loss": ops.sum(outputs[0] * ops.constant(slopes))}


def step(trainee, rate):
    return trainee.step(IMAGES, loss_of, rate=rate, demand=lambda losses: None)


@pytest.mark.parametrize("decay", [5e-4, 0.1])
@pytest.mark.parametrize("momentum", [0.9, 0.5])
def test_momentum_is_its_formula_in_float64(decay, momentum):
    weights, velocities = state_of(linear), state_of(linear)
    trainee = trainee_of(linear, weights, velocities, momentum=momentum, decay=decay)

    step(trainee, 0.25)
    step(trainee, 0.5)

    for name, gradient in GRADIENTS.items():
        value, velocity = weights[name].astype(float), velocities[name].astype(float)
        for rate in (0.25, 0.5):
            pull = decay * value if name == "weights" else 0
            velocity = momentum * velocity + gradient + pull
            value = value - rate * velocity
        for got, expected, before in (
            (trainee.weights()[name], value, weights[name]),
            (trainee.velocities()[name], velocity, velocities[name]),
        ):
            move = np.linalg.norm(expected - before)
            assert np.linalg.norm(got - expected) < 1e-6 * move, name


@pytest.mark.parametrize("limit", [NORM / 4, 0.999 * NORM, 1.001 * NORM, None])
def test_gradients_are_no_longer_than_the_limit_all_together(limit):
    """One variable is decayed, the other is not: each is in a group of its own."""
    weights, velocities = state_of(linear), state_of(linear)
    trainee = trainee_of(linear, weights, velocities, clip_norm=limit, decay=0.1)
    share = min(1.0, limit / NORM) if limit else 1.0

    for _ in range(2):  # the second one's gradients are not those of the first too
        step(trainee, 0.25)

    for name, gradient in GRADIENTS.items():
        value, velocity = weights[name].astype(float), velocities[name].astype(float)
        for _ in range(2):
            pull = 0.1 * value if name == "weights" else 0
            velocity = 0.9 * velocity + share * gradient + pull
            value = value - 0.25 * velocity
        move = np.linalg.norm(value - weights[name])
        assert np.linalg.norm(trainee.weights()[name] - value) < 1e-5 * move, name


@pytest.mark.parametrize("bn_momentum", [0.9, 0.99])
def test_running_statistics_keep_their_share(bn_momentum):
    """The variance is that of the batch itself: divided by N, not by N - 1."""
    weights = state_of(normalised)
    trainee = trainee_of(normalised, weights, {}, bn_momentum=bn_momentum)

    step(trainee, 0.0)

    after, images = trainee.weights(), IMAGES.astype(float)
    for name, of_batch in (
        ("bn.mean", images.mean((0, 2, 3))),
        ("bn.variance", images.var((0, 2, 3))),
    ):
        expected = bn_momentum * weights[name] + (1 - bn_momentum) * of_batch
        assert np.abs(after[name] - expected).max() < 1e-6


def test_nothing_decayed_and_everything_decayed_are_trained_too():
    for decayed in (set(), {"weights", "bias"}):
        weights = state_of(linear)
        trainee = trainee_of(linear, weights, {}, decayed=decayed, decay=0.5)
        other = trainee_of(linear, weights, {}, decayed=decayed, decay=0.0)
        step(trainee, 0.1)
        step(other, 0.1)
        for name in weights:
            pulled = other.weights()[name] - trainee.weights()[name]
            expected = 0.1 * 0.5 * weights[name] * (name in decayed)
            assert np.allclose(pulled, expected, atol=1e-5), name


def test_what_is_demanded_of_losses_is_asked_before_weights_move():
    weights = state_of(linear)
    trainee = trainee_of(linear, weights, {})

    def refuse(losses):
        assert losses.keys() == {"loss"}
        raise OverflowError

    with pytest.raises(OverflowError):
        trainee.step(IMAGES, loss_of, rate=1.0, demand=refuse)

    for name, value in trainee.weights().items():
        assert np.array_equal(value, weights[name])


def test_what_came_out_does_not_change_by_a_later_step():
    trainee = trainee_of(linear, state_of(linear), {})
    step(trainee, 0.1)
    weights, velocities = trainee.weights(), trainee.velocities()
    held = [
        {name: one.copy() for name, one in kept.items()}
        for kept in (weights, velocities)
    ]

    step(trainee, 0.1)

    for kept, copy in zip((weights, velocities), held, strict=True):
        for name, value in kept.items():
            assert np.array_equal(value, copy[name]), name


def test_a_frozen_network_normalises_by_its_statistics_and_keeps_them():
    import_paddle()
    weights = state_of(normalised)
    before = {name: one.copy() for name, one in weights.items()}
    outputs = frozen_outputs(normalised, weights)

    (first,) = outputs(IMAGES)
    (second,) = outputs(IMAGES)

    share = weights["bn.scale"] / np.sqrt(weights["bn.variance"] + 1e-5)
    centred = IMAGES - weights["bn.mean"][:, None, None]
    expected = centred * share[:, None, None] + weights["bn.offset"][:, None, None]
    assert np.allclose(first.numpy(), expected, atol=1e-5)
    assert np.array_equal(first.numpy(), second.numpy())
    assert first.stop_gradient
    assert all(np.array_equal(weights[name], one) for name, one in before.items())
