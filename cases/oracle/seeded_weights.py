"""Well-conditioned weights: a seed in, a filled scope out.

Random weights alone make a network whose activations explode or die, and then a
comparison of head outputs says nothing. So BN gets the statistics of drawn images, and
the output convolutions are scaled until the heads look like those of a trained network.
"""

from collections import namedtuple
from functools import partial

import numpy as np
import paddle.fluid as fluid
from drawn_images import draw_scene
from fluid_yolov3 import persistables

#: Every weight keeps this many significant bits, or fewer: statistics that differ in the
#: last place on another processor then round to the same archive bytes.
SIGNIFICANT_BITS = 12
#: Likewise of small archives: half of the bytes are zero then, and compress to nothing.
COARSE_BITS = 8

MEAN = np.array([0.485, 0.456, 0.406])  # zoo-spec 1.2, RGB
STD = np.array([0.229, 0.224, 0.225])

#: Mean and standard deviation that a kind of head channel gets on the drawn images.
Spread = namedtuple("Spread", "mean std")
HeadSpread = namedtuple("HeadSpread", "xy wh objectness classes")


def round_significant(values, bits):
    """float32 values cut to that many significant bits, nearest, same shape."""
    fraction, exponent = np.frexp(np.asarray(values, dtype=np.float64))
    scale = 2.0**bits
    return np.ldexp(np.rint(fraction * scale) / scale, exponent).astype(np.float32)


def normalise(images_rgb):
    """uint8 [N, S, S, 3] to network input float32 [N, 3, S, S] (zoo-spec 1.2)."""
    return _standardise(images_rgb.astype(np.float32) / np.float32(255.0))


def normalise_unscaled(images_rgb):
    """The same of the object365 rows: without the division (zoo-spec 1.2)."""
    return _standardise(images_rgb.astype(np.float32))


def _standardise(x):
    x -= MEAN  # float64 constants, float32 result: in place, as published
    x /= STD
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2))


def fill_scope(
    executor,
    scope,
    build,
    num_classes,
    spread,
    seed,
    input_px,
    num_images,
    significant_bits=SIGNIFICANT_BITS,
    normalise=normalise,
):
    """Fill ``scope`` with the network's weights, from nothing but ``seed``.

    ``build`` is ``build_network`` with everything but ``train`` given.
    """
    rounded = partial(round_significant, bits=significant_bits)
    rng = np.random.RandomState(seed)
    images = np.stack([draw_scene(rng, input_px, input_px) for _ in range(num_images)])
    calibration = build(train=True)
    executor.run(calibration.startup, scope=scope)
    _set_all(
        scope,
        {
            name: rounded(_draw(rng, name, shape))
            for name, shape in persistables(calibration.main).items()
        },
    )
    heads = executor.run(
        calibration.main,
        feed={"image": normalise(images)},
        fetch_list=calibration.heads,
        scope=scope,
    )
    statistics = {
        name: rounded(read_variable(scope, name))
        for name in persistables(calibration.main)
        if _is_statistic(name)
    }
    _set_all(scope, statistics)
    for level, head in enumerate(heads):
        stem = "yolo_output.{}.conv.".format(level)
        values = _spread_output(scope, stem, np.array(head), num_classes, spread)
        _set_all(scope, {name: rounded(one) for name, one in values.items()})


def read_variable(scope, name):
    """Copy the variable's values."""
    return np.array(scope.find_var(name).get_tensor())


def _set_all(scope, values_by_name):
    for name, values in values_by_name.items():
        scope.find_var(name).get_tensor().set(values, fluid.CPUPlace())


def _is_statistic(name):
    return name.endswith(("_mean", "_variance", ".mean", ".var"))


def _draw(rng, name, shape):
    """First values of one variable: He-normal weights, BN near the identity."""
    if name.endswith("weights"):
        deviation = np.sqrt(2.0 / np.prod(shape[1:]))
        return rng.standard_normal(shape) * deviation
    if name.endswith("_conv_offset.w_0"):
        # The same again moves the points by about a pixel; the published start, 0, would
        # make a deformable convolution an ordinary one, whatever its channels mean.
        deviation = np.sqrt(1.0 / np.prod(shape[1:]))
        return rng.standard_normal(shape) * deviation
    if name.endswith("_conv_offset.b_0"):
        return 0.5 * rng.standard_normal(shape)
    if name.endswith("scale"):
        return rng.uniform(0.8, 1.2, shape)
    if name.endswith("offset"):
        # 0.5 keeps most units in their linear part. Around 0, odd pictures stray more
        # with every layer: some reached 40 in the heads (all scores 1), some found none
        return 0.5 + 0.1 * rng.standard_normal(shape)
    if name.endswith(("_variance", ".var")):
        return np.ones(shape)
    return np.zeros(shape)  # means and output biases


def _spread_output(scope, stem, head, num_classes, spread):
    """Weights and bias that give each channel of ``head`` its mean and deviation."""
    wanted = (
        [spread.xy] * 2
        + [spread.wh] * 2
        + [spread.objectness]
        + [spread.classes] * num_classes
    ) * 3  # anchor-major (zoo-spec 1.3)
    mean = head.mean(axis=(0, 2, 3), dtype=np.float64)  # [3(5+C)]
    deviation = head.std(axis=(0, 2, 3), dtype=np.float64)  # [3(5+C)]
    if not deviation.min() > 1e-3:
        raise ValueError(
            "{}: a head channel does not react to the image; expected a deviation "
            "above 1e-3, got {:.3g}; take another seed".format(stem, deviation.min())
        )
    gain = np.array([kind.std for kind in wanted]) / deviation  # [3(5+C)]
    bias = np.array([kind.mean for kind in wanted]) - gain * mean  # [3(5+C)]
    weights = read_variable(scope, stem + "weights") * gain[:, None, None, None]
    return {
        stem + "weights": weights,
        stem + "bias": bias,
    }
