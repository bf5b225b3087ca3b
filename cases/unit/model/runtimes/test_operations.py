"""The operations of a network, worked by hand, on every runtime that is installed."""

import numpy as np
import pytest

from harness.model.networks.eight_bits import fake_quantise
from harness.model.networks.ops import BatchNormNames

NAMES = BatchNormNames(scale="s", offset="o", mean="m", variance="v")


def channels(*values):
    """One pixel per channel: ``[1, C, 1, 1]``."""
    return np.float32(values).reshape(1, -1, 1, 1)


def test_a_batch_norm_is_its_formula_with_the_published_epsilon(operations):
    ops = operations.ops(s=[2, 1], o=[0.5, 0], m=[1, 0], v=[4, 0])

    y = ops.batch_norm(operations.of(channels(5, 1)), NAMES)

    assert y.numpy().ravel() == pytest.approx(
        [2 * 4 / np.sqrt(4 + 1e-5) + 0.5, 1 / np.sqrt(1e-5)], rel=1e-5
    )


def test_the_activations_of_backbone_and_head(operations):
    x = operations.of(channels(-2, 3))
    ops = operations.ops()

    assert ops.relu(x).numpy().ravel().tolist() == [0, 3]
    assert ops.leaky_relu(x).numpy().ravel() == pytest.approx([-0.2, 3])  # slope 0.1


def test_upsampling_replicates_pixels(operations):
    x = operations.of(np.float32([[[[1, 2], [3, 4]]]]))

    assert operations.ops().upsample(x).numpy()[0, 0].tolist() == [
        [1, 1, 2, 2],
        [1, 1, 2, 2],
        [3, 3, 4, 4],
        [3, 3, 4, 4],
    ]


def test_what_is_joined_first_comes_first(operations):
    a, b = (operations.of(channels(one)) for one in (1, 2))

    assert operations.ops().concat(a, b).numpy().ravel().tolist() == [1, 2]


def test_a_3x3_convolution_keeps_the_size_and_pads_with_zeros(operations):
    ops = operations.ops(w=np.ones((1, 1, 3, 3)), b=[10])
    x = operations.of(np.ones((1, 1, 3, 3), np.float32))

    y = ops.conv(x, "w", out=1, kernel=3, bias="b").numpy()[0, 0]

    assert y.tolist() == [[14, 16, 14], [16, 19, 16], [14, 16, 14]]


def test_a_depthwise_convolution_keeps_channels_apart(operations):
    weights = np.float32([2, 3]).reshape(2, 1, 1, 1)
    ops = operations.ops(w=weights)

    y = ops.conv(operations.of(channels(1, 10)), "w", out=2, kernel=1, depthwise=True)

    assert y.numpy().ravel().tolist() == [2, 30]


def test_a_stride_halves_the_size(operations):
    ops = operations.ops(w=np.ones((1, 1, 3, 3)))
    x = operations.of(np.ones((1, 1, 6, 6), np.float32))

    assert ops.conv(x, "w", out=1, kernel=3, stride=2).numpy().shape == (1, 1, 3, 3)


def test_pooling_keeps_the_largest_of_each_window_and_of_what_is_left_over(operations):
    x = operations.of(np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3))
    ops = operations.ops()

    whole = ops.max_pool(x, kernel=2, stride=2).numpy()[0, 0]
    rounded_up = ops.max_pool(x, kernel=2, stride=2, ceil_mode=True).numpy()[0, 0]

    assert whole.tolist() == [[4]]
    assert rounded_up.tolist() == [[4, 5], [7, 8]]


def test_a_window_of_three_looks_beyond_the_edge_by_one(operations):
    x = operations.of(-np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4))

    y = operations.ops().max_pool(x, kernel=3, stride=2).numpy()[0, 0]

    assert y.tolist() == [[0, -1], [-4, -5]]  # padding never wins


def test_two_maps_are_added(operations):
    a, b = (operations.of(channels(*one)) for one in ((1, 2), (10, 20)))

    assert operations.ops().add(a, b).numpy().ravel().tolist() == [11, 22]


def grid(operations, side):
    """``[1, 1, side, side]``: 0, 1, 2, ... row by row."""
    x = np.arange(side * side, dtype=np.float32).reshape(1, 1, side, side)
    return operations.of(x)


def test_the_max_pool_sees_one_pixel_around_and_never_the_padding(operations):
    ops, x = operations.ops(), grid(operations, 4)

    assert ops.max_pool(x, kernel=3, stride=2).numpy()[0, 0].tolist() == [
        [5, 7],
        [13, 15],
    ]
    assert ops.max_pool(-x, kernel=3, stride=2).numpy()[0, 0].tolist() == [
        [0, -1],
        [-4, -5],
    ]


def test_the_average_pool_means_the_pixels_that_are_there(operations):
    ops = operations.ops()

    even = ops.avg_pool(grid(operations, 4)).numpy()[0, 0]
    odd = ops.avg_pool(grid(operations, 3)).numpy()[0, 0]

    assert even.tolist() == [[2.5, 4.5], [10.5, 12.5]]
    assert odd.tolist() == [[2, 3.5], [6.5, 8]]  # rounded up; the corner is alone


def steered(operations, *, point, offset_yx=(0, 0), mask=50.0, others=-50.0):
    """Steering of a 5 x 5 map: one point of the kernel moved, the others off."""
    steering = np.zeros((1, 27, 5, 5), np.float32)
    steering[:, 2 * point], steering[:, 2 * point + 1] = offset_yx
    steering[:, 18:] = others
    steering[:, 18 + point] = mask
    return operations.of(steering)


@pytest.mark.parametrize("point", range(9))
def test_the_offset_of_a_point_is_y_then_x_from_its_place_in_the_kernel(
    operations, point
):
    ops = operations.ops(w=np.ones((1, 1, 3, 3)))
    steering = steered(operations, point=point, offset_yx=(1, -1))

    y = ops.deform_conv(grid(operations, 5), steering, "w", out=1).numpy()[0, 0]

    # The middle of the map is (2, 2); the point looks from there.
    row, column = 2 + point // 3 - 1 + 1, 2 + point % 3 - 1 - 1
    assert y[2, 2] == pytest.approx(5 * row + column)


def test_a_point_between_pixels_is_interpolated_and_outside_is_zero(operations):
    ops = operations.ops(w=np.ones((1, 1, 3, 3)))
    x = grid(operations, 5)

    between = ops.deform_conv(
        x, steered(operations, point=4, offset_yx=(0.5, 0.25)), "w", out=1
    )
    outside = ops.deform_conv(
        x, steered(operations, point=4, offset_yx=(0, 9)), "w", out=1
    )

    assert between.numpy()[0, 0, 2, 2] == pytest.approx(12 + 0.5 * 5 + 0.25)
    assert np.abs(outside.numpy()).max() < 1e-12  # what the other points weigh


def test_a_point_is_weighted_by_the_sigmoid_of_its_channel(operations):
    ops = operations.ops(w=np.ones((1, 1, 3, 3)))

    for logit in (-3.0, 0.0, 2.0):
        y = ops.deform_conv(
            grid(operations, 5), steered(operations, point=4, mask=logit), "w", out=1
        )

        assert y.numpy()[0, 0, 2, 2] == pytest.approx(
            12 / (1 + np.exp(-logit)), rel=1e-5
        )


def test_unmoved_points_of_weight_one_are_an_ordinary_convolution(operations):
    rng = np.random.default_rng(1)
    ops = operations.ops(w=rng.standard_normal((4, 3, 3, 3)))
    x = operations.of(rng.standard_normal((2, 3, 6, 6)).astype(np.float32))

    for stride in (1, 2):
        steering = np.zeros((2, 27, 6 // stride, 6 // stride), np.float32)
        steering[:, 18:] = 50
        found = ops.deform_conv(x, operations.of(steering), "w", out=4, stride=stride)
        plain = ops.conv(x, "w", out=4, kernel=3, stride=stride)

        assert np.allclose(found.numpy(), plain.numpy(), atol=1e-5)


@pytest.mark.parametrize("scale", [127.0, 1.0, 3.7, 0.0123])
def test_8_bits_are_those_of_the_old_operators_to_the_last(operations, scale):
    halves = (np.arange(-150, 150) + 0.5) * scale / 127
    beside = [np.nextafter(np.float32(halves), np.float32(way)) for way in (-9e9, 9e9)]
    x = np.stack([halves, *beside]).astype(np.float32)

    y = operations.ops().fake_quantise(operations.of(x), scale=scale)

    assert np.array_equal(y.numpy(), fake_quantise(x, scale))
