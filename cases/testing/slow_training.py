"""Does one step of training in float64 numpy, gradients by central differences."""

from dataclasses import dataclass, replace

import numpy as np

from harness.model.networks.ops import BatchNormNames
from harness.model.networks.shapes import network_shapes
from testing.slow_losses import SlowLossOps, slow_gradients


class SlowOps:
    """The operations of a network that a test needs; see ``networks.ops.Ops``.

    ``statistics``: what a training batch leaves of the running ones, by name.
    """

    def __init__(self, state, *, training, bn_momentum=0.9):
        self._state = state
        self._training = training
        self._bn_momentum = bn_momentum
        self.statistics = {}

    def conv(self, x, weights, *, out, kernel, stride=1, depthwise=False, bias=None):
        values = self._state[weights]
        assert not depthwise
        assert len(values) == out
        pad = (kernel - 1) // 2
        x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        windows = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), (2, 3))
        windows = windows[:, :, ::stride, ::stride]  # [B, I, H, W, k, k]
        y = np.tensordot(windows, values, ((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)
        return y if bias is None else y + self._state[bias][:, None, None]

    def batch_norm(self, x, names):
        mean, variance = self._state[names.mean], self._state[names.variance]
        if self._training:
            batch_mean, batch_variance = x.mean((0, 2, 3)), x.var((0, 2, 3))
            kept = self._bn_momentum
            self.statistics[names.mean] = kept * mean + (1 - kept) * batch_mean
            self.statistics[names.variance] = (
                kept * variance + (1 - kept) * batch_variance
            )
            mean, variance = batch_mean, batch_variance
        scale = self._state[names.scale] / np.sqrt(variance + 1e-5)
        return (x - mean[:, None, None]) * scale[:, None, None] + self._state[
            names.offset
        ][:, None, None]

    def leaky_relu(self, x):
        return np.where(x > 0, x, 0.1 * x)


@dataclass(frozen=True, kw_only=True)
class TinyYolo:
    """Three heads on three convolutions: a network that differences can train."""

    num_classes: int = 1
    channels: int = 2

    def __call__(self, ops, image):
        x, heads = image, []
        for place, stride in enumerate((8, 2, 2)):
            stem = f"tiny.{place}"
            x = ops.conv(
                x, f"{stem}.weights", out=self.channels, kernel=3, stride=stride
            )
            names = {one: f"{stem}.{one}" for one in BatchNormNames.__slots__}
            x = ops.leaky_relu(ops.batch_norm(x, BatchNormNames(**names)))
            heads.append(
                ops.conv(
                    x,
                    f"{stem}.head",
                    out=3 * (5 + self.num_classes),
                    kernel=1,
                    bias=f"{stem}.bias",
                )
            )
        return tuple(reversed(heads))


def random_state(network, *, seed=0):
    """Weights and velocities of a network that was trained for a while, float32."""
    rng = np.random.default_rng(seed)
    weights, velocities = {}, {}
    for name, variable in network_shapes(network).variables.items():
        value = rng.standard_normal(variable.shape)
        if name.endswith((".scale", ".variance")):
            value = 0.5 + np.abs(value)
        weights[name] = (0.5 * value).astype(np.float32)
        if variable.is_trained:
            drawn = rng.standard_normal(variable.shape)
            velocities[name] = drawn.astype(np.float32)
    return weights, velocities


@dataclass(frozen=True, kw_only=True)
class SlowStep:
    """The step as zoo-spec 5.1 has it; each field can be set to a mistake."""

    momentum: float = 0.9
    decay: float = 5e-4
    decays: tuple[str, ...] = (".weights", ".head")  # ends of names
    is_nesterov: bool = False
    bn_momentum: float = 0.9
    teacher_trains: bool = False
    clip_norm: float | None = None

    def but(self, **mistake):
        """The same with a mistake."""
        return replace(self, **mistake)

    def gradients(self, network, weights, images, losses_of, teacher=None):
        """Losses by part, and the gradient of each trained variable.

        ``losses_of(ops, heads, teacher_heads)`` gives the parts; ``teacher`` is a
        network and its weights.
        """
        state = {name: value.astype(np.float64) for name, value in weights.items()}
        images = images.astype(np.float64)
        ops = SlowOps(state, training=True)
        heads_of_teacher = None
        if teacher is not None:
            taught, held = teacher
            held = {name: value.astype(np.float64) for name, value in held.items()}
            heads_of_teacher = taught(
                SlowOps(held, training=self.teacher_trains), images
            )
        frozen = []

        def parts():
            heads = network(ops, images)
            return losses_of(SlowLossOps(frozen), heads, heads_of_teacher)

        losses = parts()
        variables = network_shapes(network).variables
        trained = [name for name, one in variables.items() if one.is_trained]
        found = slow_gradients(
            lambda _: sum(parts().values()), [state[name] for name in trained]
        )
        return losses, dict(zip(trained, found, strict=True))

    def statistics(self, network, weights, images):
        """The running statistics after a batch, by name."""
        state = {name: value.astype(np.float64) for name, value in weights.items()}
        ops = SlowOps(state, training=True, bn_momentum=self.bn_momentum)
        network(ops, images.astype(np.float64))
        return ops.statistics

    def move(self, weights, velocities, gradients, rate):
        """The new value and velocity of each trained variable, float64."""
        moved, gained = {}, {}
        norm = np.sqrt(sum((one**2).sum() for one in gradients.values()))
        share = 1.0 if self.clip_norm is None else min(1.0, self.clip_norm / norm)
        for name, gradient in gradients.items():
            value = weights[name].astype(np.float64)
            pull = self.decay * value if name.endswith(self.decays) else 0
            slope = share * gradient + pull
            velocity = self.momentum * velocities[name].astype(np.float64) + slope
            way = slope + self.momentum * velocity if self.is_nesterov else velocity
            moved[name], gained[name] = value - rate * way, velocity
        return moved, gained
