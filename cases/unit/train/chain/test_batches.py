from dataclasses import replace

import cv2
import numpy as np
import pytest

from harness.errors import UsageError
from harness.train.chain.batches import (
    BatchSource,
    draw_resizing,
    make_batch,
    one_opencv_thread,
)
from harness.train.chain.chains import CHAINS
from harness.train.chain.padded_truth import pad_truth
from harness.train.chain.planes import normalised_planes, resize
from harness.train.chain.samples import make_sample
from testing.samples import equal_arrays


def plain(source):
    """A chain that changes nothing: an image's class tells which it is."""
    chain = replace(source.chain, mixup=None, operations=(), sizes_px=(32,))
    return replace(source, chain=chain)


def seen(source, epoch):
    """The images of an epoch by their first class, in order."""
    batches = [make_batch(source, epoch, k) for k in range(source.batches_per_epoch)]
    return [int(one) for batch in batches for one in batch.classes[:, 0]]


def test_each_epoch_shuffles_and_drops_the_last_batch_that_is_not_full(source):
    source = plain(source)

    epochs = [seen(source, epoch) for epoch in range(12)]

    assert all(len(one) == 4 == len(set(one)) for one in epochs)
    assert {image for one in epochs for image in one} == {0, 1, 2, 3, 4}
    assert len({tuple(one) for one in epochs}) > 6
    assert seen(source, 3) == epochs[3]


def test_another_seed_shuffles_anew(source):
    source = plain(source)

    orders = {tuple(seen(replace(source, seed=seed), 0)) for seed in range(6)}

    assert len(orders) > 3


def test_a_step_is_an_epoch_and_a_place(source):
    assert source.batches_per_epoch == 2
    assert [source.position_of(step) for step in range(5)] == [
        *((0, 0), (0, 1), (1, 0), (1, 1), (2, 0))
    ]


def test_a_batch_is_its_samples_resized_normalised_and_padded(source):
    epoch, place = 3, 1
    batch = make_batch(source, epoch, place)
    size_px, interpolation = draw_resizing(source.chain, source.seed, epoch, place)

    samples = [
        make_sample(
            source.images, index, chain=source.chain, seed=source.seed, epoch=epoch
        )
        for index in range(5)
    ]
    planes = [
        normalised_planes(
            resize(one.rgb, size_px, interpolation), source.chain.normalisation
        )
        for one in samples
    ]
    places = [
        next(k for k in range(5) if np.array_equal(planes[k], row))
        for row in batch.images
    ]
    assert len(set(places)) == 2
    for row, index in enumerate(places):
        truth = pad_truth(samples[index])
        assert np.array_equal(batch.boxes_cxcywh[row], truth.boxes_cxcywh)
        assert np.array_equal(batch.classes[row], truth.classes)
        assert np.array_equal(batch.scores[row], truth.scores)


def test_a_batch_is_the_same_whatever_was_made_before(source):
    expected = make_batch(source, 1, 1)
    make_batch(source, 0, 0)

    assert equal_arrays(make_batch(source, 1, 1), expected)


def test_every_size_and_interpolation_is_drawn_for_whole_batches():
    chain = CHAINS["yolov3"]

    drawn = [draw_resizing(chain, 0, 0, place) for place in range(400)]

    assert len(set(drawn)) == len(chain.sizes_px) * len(chain.interpolations)
    assert draw_resizing(chain, 0, 0, 7) == drawn[7]


@pytest.mark.parametrize("batch", [0, -1, 6])
def test_a_batch_that_the_images_do_not_fill_is_refused(source, batch):
    with pytest.raises(
        UsageError,
        match=rf"batch; expected 1 to 5, the images of the training set, got {batch}; "
        "take a smaller batch, or more images",
    ):
        replace(source, batch=batch)


@pytest.mark.parametrize("batch", [1, 5])
def test_a_batch_of_one_or_of_all_images_is_taken(source, batch):
    assert replace(source, batch=batch).batches_per_epoch == 5 // batch


def test_opencv_has_its_threads_back(source):
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        make_batch(source, 0, 0)
        assert cv2.getNumThreads() == 2
        with one_opencv_thread():
            assert cv2.getNumThreads() == 1
    finally:
        cv2.setNumThreads(before)


def test_any_number_of_images_may_follow_the_last_batch(images):
    chain = CHAINS["yolov3_obj365"]

    counts = [
        BatchSource(images=images, chain=chain, batch=size, seed=0).batches_per_epoch
        for size in (1, 2, 4, 6)
    ]

    assert counts == [6, 3, 1, 1]
