"""Archives of the residual networks that the old runtime saved, against its results.

No trap below changes a shape: only these goldens tell them apart.
"""

import re

import numpy as np
import pytest

from harness.model.boxes.object_finding import ObjectDetector, objects_of_heads
from harness.model.boxes.preprocess import IMAGENET, NORMALISATIONS, UNSCALED, normalise
from harness.model.detectors.archive_heads import plain_heads
from harness.model.paddle_run import heads as heads_module
from harness.model.paddle_run.tensors import TensorOps

INPUT_PX = 64
#: Of an output's largest value: what another version and another kernel may differ by.
AGREES = 1e-4  # zoo-spec Appendix A
#: A hundred times that: no trap may come near to passing.
TELLS_APART = 1e-2
WAYS = ("plain", "optimised", "not optimised")


def largest_difference(heads, golden, normalisation=IMAGENET):
    """Return the difference as a share of each output's maximum, the worst of three."""
    found = heads(normalise(golden[f"images_{INPUT_PX}"], normalisation))
    expected = [golden[f"head_{level}_{INPUT_PX}"] for level in range(3)]
    assert [one.shape for one in found] == [one.shape for one in expected]
    return max(
        float(np.abs(one - right).max() / np.abs(right).max())
        for one, right in zip(found, expected, strict=True)
    )


@pytest.fixture(scope="module", params=["old_r34", "old_r50", "old_obj365"])
def old(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module", params=WAYS)
def heads(request, old, built_heads):
    if request.param == "plain":
        return plain_heads(old.open())
    optimise = request.param == "optimised"
    return built_heads(old.backbone, old.open(), optimise=optimise)


def test_the_heads_are_those_of_the_old_runtime(old, heads):
    normalisation = NORMALISATIONS[old.backbone]

    assert largest_difference(heads, old.golden, normalisation) < AGREES


def test_the_detections_are_those_of_the_old_runtime(old, heads, unmatched_rows):
    detections = old.golden[f"detections_{INPUT_PX}"]
    lengths = old.golden[f"lengths_{INPUT_PX}"]

    found = ObjectDetector(
        find=objects_of_heads(heads), backbone=old.backbone, input_px=INPUT_PX
    ).detect(old.golden[f"images_{INPUT_PX}"], old.golden[f"im_size_{INPUT_PX}"])

    assert [len(one.scores) for one in found] == lengths.tolist()
    expected = np.split(detections, np.cumsum(lengths)[:-1])
    for one, golden in zip(found, expected, strict=True):
        rows = np.column_stack([one.classes, one.scores, one.boxes_xyxy])
        assert unmatched_rows(rows, golden, score=1e-4, box_px=0.05) == ([], [])


def test_the_optimised_graph_is_the_plain_network_at_any_size_and_batch(
    old, built_heads
):
    opened = old.open()
    optimised, plain = built_heads(old.backbone, opened), plain_heads(opened)
    rng = np.random.default_rng(3)

    for batch, input_px in ((1, 64), (3, 160), (8, 96)):
        x = rng.standard_normal((batch, 3, input_px, input_px)).astype(np.float32)
        for one, reference in zip(optimised(x), plain(x), strict=True):
            assert one.shape == reference.shape
            assert np.abs(one - reference).max() < AGREES * np.abs(reference).max()


@pytest.mark.parametrize("optimise", [True, False])
def test_exporting_a_network_warns_of_nothing(old, built_heads, optimise):
    assert built_heads(old.backbone, old.open(), optimise=optimise)


def test_every_file_of_the_archive_is_a_variable_of_the_network(old):
    assert old.open().ignored_files == ()


class IdentityInStage2(TensorOps):
    """Takes stage 2's first shortcut for the plain one that its shapes allow."""

    def conv(self, x, weights, **kind):
        if weights == "res2a_branch1_weights":
            return x
        return super().conv(x, weights, **kind)

    def batch_norm(self, x, names):
        return (
            x if names.scale == "bn2a_branch1_scale" else super().batch_norm(x, names)
        )


class MeanAfterStem(TensorOps):
    """Pools the stem by the mean."""

    def max_pool(self, x, *, kernel, stride, ceil_mode=False):
        return self._functional.avg_pool2d(
            x, kernel, stride=stride, padding=1, ceil_mode=ceil_mode
        )


class NoReluAfterSum(TensorOps):
    """Forgets the activation at the end of a block."""

    def __init__(self, state):
        super().__init__(state)
        self._sum = None

    def add(self, first, second):
        self._sum = super().add(first, second)
        return self._sum

    def relu(self, x):
        return x if x is self._sum else super().relu(x)


class ReluBeforeSum(TensorOps):
    """Activates what is added as well."""

    def add(self, first, second):
        return super().add(first, self.relu(second))


RESIDUAL_TRAPS = (MeanAfterStem, NoReluAfterSum, ReluBeforeSum)


class StrideOnThe1x1(TensorOps):
    """Halves on ``branch2a``, as the first ResNet did."""

    def conv(self, x, weights, **kind):
        if re.match(r"res[345]a_branch2a", weights):
            kind["stride"] = 2
        if re.match(r"res[345]a_branch2b", weights):  # the offsets of res5a too
            kind["stride"] = 1
        return super().conv(x, weights, **kind)

    def deform_conv(self, x, steering, weights, **kind):
        return super().deform_conv(x, steering, weights, **{**kind, "stride": 1})


class StrideOnTheShortcut(TensorOps):
    """Halves the shortcut by a stride of its 1 x 1, as variant b does."""

    def avg_pool(self, x):
        return x[:, :, ::2, ::2]


class LargestOnTheShortcut(TensorOps):
    """Halves the shortcut by the largest pixel."""

    def avg_pool(self, x):
        return self._functional.max_pool2d(x, 2, stride=2, ceil_mode=True)


class Resteered(TensorOps):
    """Reads the 27 channels that steer a deformable convolution in another order."""

    order = tuple(range(27))

    def deform_conv(self, x, steering, weights, **kind):
        import paddle

        mixed = paddle.concat([steering[:, one : one + 1] for one in self.order], 1)
        return super().deform_conv(x, mixed, weights, **kind)


class OffsetsXThenY(Resteered):
    """Takes x for y."""

    order = (*(one ^ 1 for one in range(18)), *range(18, 27))


class AllYThenAllX(Resteered):
    """Takes the offsets for nine y and nine x, not one of each in turn."""

    order = (
        *(point + 9 * axis for point in range(9) for axis in range(2)),
        *range(18, 27),
    )


class MaskFirst(Resteered):
    """Takes the first nine channels for the points' weights."""

    order = (*range(9, 27), *range(9))


class PointsByColumn(Resteered):
    """Counts the points of the kernel down its columns."""

    order = (
        *(2 * (3 * (p % 3) + p // 3) + axis for p in range(9) for axis in range(2)),
        *(18 + 3 * (p % 3) + p // 3 for p in range(9)),
    )


class NoOffsets(TensorOps):
    """Leaves the points where they are, as the zeros that training starts with do."""

    def deform_conv(self, x, steering, weights, **kind):
        import paddle

        offsets = paddle.zeros_like(steering[:, :18])
        still = paddle.concat([offsets, steering[:, 18:]], 1)
        return super().deform_conv(x, still, weights, **kind)


class NoMask(TensorOps):
    """Gives every point the weight 1: the first version of deformable convolution."""

    def deform_conv(self, x, steering, weights, **kind):
        import paddle

        ones = paddle.full_like(steering[:, 18:], 50)
        unweighted = paddle.concat([steering[:, :18], ones], 1)
        return super().deform_conv(x, unweighted, weights, **kind)


class MaskWithoutSigmoid(TensorOps):
    """Weights the points with the bare channels."""

    def deform_conv(self, x, steering, weights, *, stride=1, **_):
        from paddle.vision.ops import deform_conv2d

        return deform_conv2d(
            x,
            steering[:, :18],
            self._state[weights],
            stride=stride,
            padding=1,
            mask=steering[:, 18:],
        )


DEFORMABLE_TRAPS = (
    StrideOnThe1x1,
    StrideOnTheShortcut,
    LargestOnTheShortcut,
    OffsetsXThenY,
    AllYThenAllX,
    MaskFirst,
    PointsByColumn,
    NoOffsets,
    NoMask,
    MaskWithoutSigmoid,
)


@pytest.mark.parametrize(
    "trap", [IdentityInStage2, *RESIDUAL_TRAPS], ids=lambda one: one.__name__
)
def test_a_resnet34_that_steps_into_a_trap_is_told_apart(monkeypatch, old_r34, trap):
    monkeypatch.setattr(heads_module, "TensorOps", trap)

    assert largest_difference(plain_heads(old_r34.open()), old_r34.golden) > TELLS_APART


@pytest.mark.parametrize(
    "trap", [*RESIDUAL_TRAPS, *DEFORMABLE_TRAPS], ids=lambda one: one.__name__
)
def test_a_resnet50_that_steps_into_a_trap_is_told_apart(monkeypatch, old_r50, trap):
    monkeypatch.setattr(heads_module, "TensorOps", trap)

    assert largest_difference(plain_heads(old_r50.open()), old_r50.golden) > TELLS_APART


def test_the_normalisation_of_object365_is_told_apart(old_r50, old_obj365):
    plain, object365 = plain_heads(old_r50.open()), plain_heads(old_obj365.open())

    assert largest_difference(plain, old_r50.golden, UNSCALED) > TELLS_APART
    assert largest_difference(object365, old_obj365.golden, IMAGENET) > TELLS_APART


def test_object365_opens_the_same_network(old_obj365):
    heads = plain_heads(old_obj365.open(backbone="resnet50_vd_dcn"))

    assert largest_difference(heads, old_obj365.golden, UNSCALED) < AGREES


def test_object365_detects_on_other_values_than_the_plain_network(old_r50):
    heads = plain_heads(old_r50.open())
    images = old_r50.golden[f"images_{INPUT_PX}"]
    sizes_hw = old_r50.golden[f"im_size_{INPUT_PX}"]

    plain, object365 = (
        ObjectDetector(
            find=objects_of_heads(heads), backbone=backbone, input_px=INPUT_PX
        ).detect(images, sizes_hw)
        for backbone in ("resnet50_vd_dcn", "resnet50_vd_dcn_obj365")
    )

    assert not np.array_equal(plain[0].scores, object365[0].scores)
