"""Well-conditioned BlazeFace weights: a seed in, a filled scope out.

As in seeded_weights: BN gets the statistics of drawn images, and the output convolutions
are scaled until they look like those of a trained network.
"""

import numpy as np
import paddle.fluid as fluid
from drawn_images import draw_scene
from fluid_blazeface import build_network
from fluid_yolov3 import persistables
from seeded_weights import (
    SIGNIFICANT_BITS,
    Spread,
    read_variable,
    round_significant,
)

MEAN_BGR = (104.0, 117.0, 123.0)  # zoo-spec 1.7
SCALE = np.float32(127.502231)  # zoo-spec 1.7

#: What each channel of an output gets on the drawn images: a third of the priors become
#: candidates, with scores from 0.01 to 0.9.
BOXES = Spread(0.0, 1.0)
BACKGROUND = Spread(3.0, 2.0)
FACE = Spread(-3.0, 2.0)


def normalise(images_rgb):
    """uint8 [N, H, W, 3] to network input float32 [N, 3, H, W] (zoo-spec 1.7)."""
    x = images_rgb[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32)
    x -= np.array(MEAN_BGR, dtype=np.float32)[:, None, None]
    x /= SCALE
    return np.ascontiguousarray(x)


def fill_scope(
    executor,
    scope,
    edition,
    width,
    seed,
    size_hw,
    num_images,
    significant_bits=SIGNIFICANT_BITS,
):
    """Fill ``scope`` with the network's weights, from nothing but ``seed``."""

    def set_rounded(name, values):
        rounded = round_significant(values, significant_bits)
        scope.find_var(name).get_tensor().set(rounded, fluid.CPUPlace())

    rng = np.random.RandomState(seed)
    images = np.stack([draw_scene(rng, *size_hw) for _ in range(num_images)])
    calibration = build_network(edition, width, train=True)
    executor.run(calibration.startup, scope=scope)
    shapes = persistables(calibration.main)
    for name, shape in shapes.items():
        set_rounded(name, _draw(rng, name, shape))
    heads = executor.run(
        calibration.main,
        feed={"image": normalise(images)},
        fetch_list=calibration.heads,
        scope=scope,
    )
    for name in shapes:
        if name.endswith((".w_1", ".w_2")):  # mean, variance
            set_rounded(name, read_variable(scope, name))
    for place, (variable, head) in enumerate(zip(calibration.heads, heads)):
        # the output is named after the layer that made it, as its weights are
        stem = variable.name.partition(".")[0]
        kinds = [BACKGROUND, FACE] if place % 2 else [BOXES] * 4
        weights, bias = _spread_output(scope, stem, head, kinds)
        set_rounded(stem + ".w_0", weights)
        set_rounded(stem + ".b_0", bias)


def _draw(rng, name, shape):
    """First values of one variable: He-normal weights, BN near the identity."""
    if len(shape) == 4:
        return rng.standard_normal(shape) * np.sqrt(2.0 / np.prod(shape[1:]))
    if not name.startswith("batch_norm"):
        return np.zeros(shape)  # biases of the outputs
    if name.endswith(".w_0"):  # scale
        return rng.uniform(0.8, 1.2, shape)
    if name.endswith(".b_0"):  # offset; 0.5: see seeded_weights
        return 0.5 + 0.1 * rng.standard_normal(shape)
    return np.full(shape, 1.0 if name.endswith(".w_2") else 0.0)


def _spread_output(scope, stem, head, kinds):
    """Weights and bias that scale and shift an output [N, K * values, H, W].

    Its channels are prior-major.
    """
    wanted = kinds * (head.shape[1] // len(kinds))
    mean = head.mean(axis=(0, 2, 3), dtype=np.float64)  # [channels]
    deviation = head.std(axis=(0, 2, 3), dtype=np.float64)  # [channels]
    if not deviation.min() > 1e-3:
        raise ValueError(
            "{}: an output channel does not react to the image; expected a deviation "
            "above 1e-3, got {:.3g}; take another seed".format(stem, deviation.min())
        )
    gain = np.array([kind.std for kind in wanted]) / deviation  # [channels]
    bias = np.array([kind.mean for kind in wanted]) - gain * mean  # [channels]
    weights = read_variable(scope, stem + ".w_0") * gain[:, None, None, None]
    return weights, bias
