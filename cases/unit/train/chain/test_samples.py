from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.dataset.image import read_rgb
from harness.errors import DatasetMissing
from harness.train.chain.chains import CHAINS
from harness.train.chain.mixup import blend
from harness.train.chain.padded_truth import pad_truth
from harness.train.chain.samples import make_sample, read_sample
from testing.samples import build_sample, equal_arrays

CHAIN = CHAINS["yolov3"]


def make(images, index=1, *, seed=3, epoch=0, chain=CHAIN):
    return make_sample(images, index, chain=chain, seed=seed, epoch=epoch)


def test_a_sample_is_the_same_whatever_was_made_before(images):
    expected = make(images)
    make(images, 2)

    assert equal_arrays(make(images), expected)


@pytest.mark.parametrize("other", [{"index": 2}, {"seed": 4}, {"epoch": 1}])
def test_another_image_seed_or_epoch_makes_another_sample(images, other):
    assert not equal_arrays(make(images, **other), make(images))


def test_an_image_is_read_with_its_truth_and_full_scores(images):
    found = read_sample(images[3])

    assert np.array_equal(found.rgb, read_rgb(images[3].path))
    assert np.array_equal(found.boxes_xyxy, images[3].boxes_xyxy)
    assert found.classes.tolist() == [3, 2]
    assert found.scores.tolist() == [1, 1]


@pytest.mark.parametrize(("epoch", "count"), [(0, 4), (249, 4), (250, 2), (260, 2)])
def test_images_are_blended_while_the_epoch_says_so(images, epoch, count):
    chain = replace(CHAIN, operations=())

    found = make(images, epoch=epoch, chain=chain)

    assert len(found.boxes_xyxy) == count
    assert found.scores.sum() == pytest.approx(2)


def test_without_operations_an_image_comes_as_it_is(images):
    chain = replace(CHAIN, operations=(), mixup=None)

    assert equal_arrays(make(images, chain=chain), read_sample(images[1]))


def test_a_set_of_one_image_is_not_blended(images):
    chain = replace(CHAIN, operations=())

    assert equal_arrays(make(images[:1], 0, chain=chain), read_sample(images[0]))


def test_an_image_that_went_away_is_named(images, tmp_path):
    gone = replace(images[0], path=tmp_path / "gone.png")

    with pytest.raises(DatasetMissing, match=r"image .*gone\.png cannot be read"):
        make((gone,), 0)


BOXES = st.lists(
    st.tuples(*[st.integers(0, 19), st.integers(0, 14)] * 2).map(
        lambda one: (
            min(one[0], one[2]),
            min(one[1], one[3]),
            max(one[0], one[2]),
            max(one[1], one[3]),
        )
    ),
    min_size=1,
    max_size=6,
)


@given(
    boxes=BOXES, others=BOXES, seed=st.integers(0, 2**32 - 1), factor=st.floats(0, 1)
)
def test_whatever_is_drawn_boxes_stay_in_the_image_and_none_is_added(
    boxes, others, seed, factor
):
    sample = blend(
        build_sample(height_px=15, width_px=20, boxes=boxes),
        build_sample(height_px=18, width_px=20, boxes=others),
        factor,
    )
    assert len(sample.boxes_xyxy) <= len(boxes) + len(others)
    random = np.random.RandomState(seed)
    for operation in CHAIN.operations:
        count = len(sample.boxes_xyxy)
        sample = operation(sample, random)

        height_px, width_px, channels = sample.rgb.shape
        assert 1 <= len(sample.boxes_xyxy) <= count
        assert len(sample.classes) == len(sample.scores) == len(sample.boxes_xyxy)
        # A mirrored box may begin one pixel before the image: see `flip`.
        least = -1 if type(operation).__name__ == "Flip" else 0
        assert (sample.boxes_xyxy[:, :2] >= [least, 0]).all()
        assert (sample.boxes_xyxy[:, 2:] <= [width_px, height_px]).all()
        assert (sample.boxes_xyxy[:, 2:] >= sample.boxes_xyxy[:, :2]).all()
        assert channels == 3
        assert ((sample.scores >= 0) & (sample.scores <= 1)).all()
    truth = pad_truth(sample)
    assert (truth.boxes_cxcywh[:, 2:] >= 0).all()
    assert (truth.boxes_cxcywh[:, 2:] <= 1).all()
