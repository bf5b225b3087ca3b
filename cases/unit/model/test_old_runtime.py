"""An archive that the old runtime saved, against what the old runtime computed.

The traps below change no shape: only these goldens tell them apart.
"""

import numpy as np
import pytest

from harness.model.boxes.object_finding import ObjectDetector, objects_of_heads
from harness.model.boxes.preprocess import IMAGENET, normalise
from harness.model.detectors.archive_heads import plain_heads
from harness.model.networks.backbones import mobilenet_v1
from harness.model.paddle_run import heads as heads_module
from harness.model.paddle_run import tensors
from harness.model.paddle_run.tensors import TensorOps

SIZES_PX = (96, 64)
#: Of an output's largest value: what another version and another kernel may differ by.
AGREES = 1e-4  # zoo-spec Appendix A
#: A hundred times that: no trap may come near to passing.
TELLS_APART = 1e-2


def largest_difference(heads, golden, input_px, images=None):
    """Return the difference as a share of each output's maximum, the worst of three."""
    images = golden[f"images_{input_px}"] if images is None else images
    found = heads(normalise(images, IMAGENET))
    expected = [golden[f"head_{level}_{input_px}"] for level in range(3)]
    assert [one.shape for one in found] == [one.shape for one in expected]
    return max(
        float(np.abs(one - right).max() / np.abs(right).max())
        for one, right in zip(found, expected, strict=True)
    )


@pytest.fixture(scope="module", params=["plain", "optimised", "not optimised"])
def heads(request, tiny_opened, built_heads):
    if request.param == "plain":
        return plain_heads(tiny_opened)
    return built_heads("tiny", tiny_opened, optimise=request.param == "optimised")


@pytest.mark.parametrize("input_px", SIZES_PX)
def test_the_heads_are_those_of_the_old_runtime(heads, tiny_golden, input_px):
    assert largest_difference(heads, tiny_golden, input_px) < AGREES


@pytest.mark.parametrize("input_px", SIZES_PX)
def test_the_detections_are_those_of_the_old_runtime(
    heads, tiny_golden, input_px, unmatched_rows
):
    detections = tiny_golden[f"detections_{input_px}"]
    lengths = tiny_golden[f"lengths_{input_px}"]

    found = ObjectDetector(
        find=objects_of_heads(heads), backbone="mobilenet_v1", input_px=input_px
    ).detect(tiny_golden[f"images_{input_px}"], tiny_golden[f"im_size_{input_px}"])

    assert [len(one.scores) for one in found] == lengths.tolist()
    expected = np.split(detections, np.cumsum(lengths)[:-1])
    for one, golden in zip(found, expected, strict=True):
        rows = np.column_stack([one.classes, one.scores, one.boxes_xyxy])
        assert unmatched_rows(rows, golden, score=1e-4, box_px=0.05) == ([], [])


class NoRelu(TensorOps):
    """Forgets the activation of the backbone."""

    def relu(self, x):
        return x


class LastReluMissing(TensorOps):
    """Forgets the activation after conv6 alone."""

    def batch_norm(self, x, names):
        self.last = names.scale
        return super().batch_norm(x, names)

    def relu(self, x):
        return x if self.last == "conv6_sep_bn_scale" else super().relu(x)


class BackboneBeforeRoute(TensorOps):
    """Joins the other way round."""

    def concat(self, first, second):
        return super().concat(second, first)


TRAPS = {
    "C4 after conv5_5": (mobilenet_v1, "FEATURES", ("conv3_2", "conv5_5", "conv6")),
    "no ReLU": (heads_module, "TensorOps", NoRelu),
    "no ReLU after conv6": (heads_module, "TensorOps", LastReluMissing),
    "leaky slope 0.01": (tensors, "LEAKY_SLOPE", 0.01),
    "BN epsilon 1e-3": (tensors, "BN_EPSILON", 1e-3),
    "backbone before route": (heads_module, "TensorOps", BackboneBeforeRoute),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_a_network_that_steps_into_a_trap_is_told_apart(
    monkeypatch, tiny_opened, tiny_golden, trap
):
    monkeypatch.setattr(*TRAPS[trap])

    difference = largest_difference(plain_heads(tiny_opened), tiny_golden, 96)

    assert difference > TELLS_APART


def test_swapped_colours_are_told_apart(tiny_opened, tiny_golden):
    bgr = tiny_golden["images_96"][..., ::-1]

    difference = largest_difference(plain_heads(tiny_opened), tiny_golden, 96, bgr)

    assert difference > TELLS_APART


def test_without_a_trap_the_same_comparison_agrees(tiny_opened, tiny_golden):
    assert largest_difference(plain_heads(tiny_opened), tiny_golden, 96) < AGREES
