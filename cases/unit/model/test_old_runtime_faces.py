"""BlazeFace archives that the old runtime saved, against what it computed.

The traps below change no shape: only these goldens tell them apart.
"""

from dataclasses import replace

import numpy as np
import pytest

from harness.model.boxes.face_boxes import normalise_faces
from harness.model.boxes.face_finding import FaceDetector, faces_of_heads
from harness.model.detectors.archive_heads import plain_heads
from harness.model.networks import blazeface
from harness.model.networks.blazeface import EDITIONS
from harness.model.paddle_run import heads as heads_module
from harness.model.paddle_run import tensors
from harness.model.paddle_run.tensors import TensorOps

SIZES = ("56x72", "65x97")
#: Of an output's largest value: what another version and another kernel may differ by.
AGREES = 1e-4  # zoo-spec Appendix A
#: A hundred times that: no trap may come near to passing.
TELLS_APART = 1e-2


def largest_difference(heads, golden, edition, size="65x97", images=None):
    """Return the difference as a share of each output's maximum, the worst of four."""
    images = golden[f"images_{size}"] if images is None else images
    found = heads(normalise_faces(images))
    expected = [golden[f"{edition}.head_{place}_{size}"] for place in range(4)]
    assert [one.shape for one in found] == [one.shape for one in expected]
    return max(
        float(np.abs(one - right).max() / np.abs(right).max())
        for one, right in zip(found, expected, strict=True)
    )


@pytest.fixture(scope="module", params=["plain", "optimised", "not optimised"])
def heads(request, opened_faces, built_heads):
    """Functions by edition."""
    if request.param == "plain":
        return {name: plain_heads(one) for name, one in opened_faces.items()}
    optimise = request.param == "optimised"
    return {
        name: built_heads(name, one, optimise=optimise)
        for name, one in opened_faces.items()
    }


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("size", SIZES)
def test_the_heads_are_those_of_the_old_runtime(heads, faces_golden, edition, size):
    assert largest_difference(heads[edition], faces_golden, edition, size) < AGREES


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("size", SIZES)
def test_the_faces_are_those_of_the_old_runtime(
    heads, faces_golden, edition, size, unmatched_rows
):
    images = faces_golden[f"images_{size}"]
    lengths = faces_golden[f"{edition}.lengths_{size}"]
    detections = faces_golden[f"{edition}.detections_{size}"]
    _, height_px, width_px, _ = images.shape

    found = FaceDetector(
        find=faces_of_heads(heads[edition]), input_px=640, scales="single"
    ).look(images)

    assert [len(one.scores) for one in found] == lengths.tolist()
    in_pixels = detections * np.float32([1, 1] + [width_px, height_px] * 2)
    expected = np.split(in_pixels, np.cumsum(lengths)[:-1])
    for one, golden in zip(found, expected, strict=True):
        rows = np.column_stack([one.classes, one.scores, one.boxes_xyxy])
        assert unmatched_rows(rows, golden, score=1e-4, box_px=0.01) == ([], [])


class KnowsLayer(TensorOps):
    """Remembers the last convolution, and whether its activation is still to come."""

    last = ""

    def conv(self, x, weights, **how):
        self.last = weights
        return super().conv(x, weights, **how)

    def skip_after(self, x, ending):
        """ReLU, but not right after the layer."""
        is_that = self.last.endswith(ending) and ending != ""
        self.last = ""
        return x if is_that else TensorOps.relu(self, x)


class SecondSepWithoutRelu(KnowsLayer):
    def relu(self, x):
        return self.skip_after(x, "2_sep_weights")


class LiteSepWithoutRelu(KnowsLayer):
    def relu(self, x):
        return self.skip_after(x, "_sep_weights")


class ShortcutWithoutRelu(KnowsLayer):
    def relu(self, x):
        is_shortcut = self.last.startswith("shortcut")
        return self.skip_after(x, self.last if is_shortcut else "")


class SingleSepWithRelu(KnowsLayer):
    def batch_norm(self, x, names):
        x = super().batch_norm(x, names)
        is_single = self.last.startswith("blaze_") and "1_sep" in self.last
        return TensorOps.relu(self, x) if is_single else x


class SumWithoutRelu(KnowsLayer):
    def add(self, first, second):
        self.last = "sum"
        return super().add(first, second)

    def relu(self, x):
        return self.skip_after(x, "sum")


class PoolsTheMean(TensorOps):
    def max_pool(self, x, *, kernel, stride, ceil_mode=False):
        return self._functional.avg_pool2d(x, kernel, stride, 0, ceil_mode=ceil_mode)


TRAPS = {
    "2_sep without ReLU": (
        "original",
        (heads_module, "TensorOps", SecondSepWithoutRelu),
    ),
    "2_sep without ReLU, NAS": (
        "nas",
        (heads_module, "TensorOps", SecondSepWithoutRelu),
    ),
    "single 1_sep with ReLU": (
        "original",
        (heads_module, "TensorOps", SingleSepWithRelu),
    ),
    "single 1_sep with ReLU, NAS": (
        "nas",
        (heads_module, "TensorOps", SingleSepWithRelu),
    ),
    "lite sep without ReLU": ("lite", (heads_module, "TensorOps", LiteSepWithoutRelu)),
    "shortcut without ReLU": (
        "original",
        (heads_module, "TensorOps", ShortcutWithoutRelu),
    ),
    "shortcut without ReLU, lite": (
        "lite",
        (heads_module, "TensorOps", ShortcutWithoutRelu),
    ),
    "sum without ReLU": ("original", (heads_module, "TensorOps", SumWithoutRelu)),
    "mean pooled": ("original", (heads_module, "TensorOps", PoolsTheMean)),
    "BN epsilon 1e-3": ("original", (tensors, "BN_EPSILON", 1e-3)),
    "stride 8 after double_blaze_1": (
        "original",
        (
            blazeface,
            "EDITIONS",
            {
                "original": replace(
                    EDITIONS["original"], features=("double_blaze_1", "double_blaze_5")
                )
            },
        ),
    ),
    "stride 16 after conv16": (
        "lite",
        (
            blazeface,
            "EDITIONS",
            {"lite": replace(EDITIONS["lite"], features=("conv12", "conv16"))},
        ),
    ),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_a_network_that_steps_into_a_trap_is_told_apart(
    monkeypatch, opened_faces, faces_golden, trap
):
    edition, patch = TRAPS[trap]
    monkeypatch.setattr(*patch)

    difference = largest_difference(
        plain_heads(opened_faces[edition]), faces_golden, edition
    )

    assert difference > TELLS_APART


@pytest.mark.parametrize("edition", EDITIONS)
def test_swapped_colours_are_told_apart(opened_faces, faces_golden, edition):
    swapped = faces_golden["images_65x97"][..., ::-1]
    heads = plain_heads(opened_faces[edition])

    difference = largest_difference(heads, faces_golden, edition, images=swapped)

    assert difference > TELLS_APART


@pytest.mark.parametrize("edition", EDITIONS)
def test_without_a_trap_the_same_comparison_agrees(opened_faces, faces_golden, edition):
    heads = plain_heads(opened_faces[edition])

    assert largest_difference(heads, faces_golden, edition) < AGREES
