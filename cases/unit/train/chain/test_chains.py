from dataclasses import replace

import numpy as np
import pytest

from harness.dataset.image import read_rgb
from harness.model.boxes.face_boxes import normalise_faces
from harness.model.boxes.preprocess import NORMALISATIONS
from harness.train.chain.batches import BatchSource, make_batch
from harness.train.chain.chains import CHAINS
from harness.train.chain.planes import resize
from harness.values.training import TrainingImage

#: What zoo-spec 5.1 and 5.4 say of each chain, in order.
PUBLISHED = {
    "yolov3": ["Distort", "Expand", "Crop", "Flip"],
    "yolov3_obj365": ["Crop", "Flip"],
}
#: Chains of drawn scenes, that nobody published.
OWN = {"drawn": ["Flip"], "faces": []}


@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_makes_batches(name, images):
    chain = replace(CHAINS[name], sizes_px=(64,))

    batch = make_batch(BatchSource(images=images, chain=chain, batch=3, seed=0), 0, 0)

    assert (batch.images.shape, batch.images.dtype) == ((3, 3, 64, 64), np.float32)
    rows = chain.max_boxes or int((batch.scores > 0).sum(axis=1).max())
    assert (batch.boxes_cxcywh.shape, batch.boxes_cxcywh.dtype) == (
        (3, rows, 4),
        np.float32,
    )
    assert (batch.classes.shape, batch.classes.dtype) == ((3, rows), np.int32)
    assert (batch.scores.shape, batch.scores.dtype) == ((3, rows), np.float32)
    assert np.isfinite(batch.images).all()
    assert (batch.scores > 0).any(axis=1).all()


@pytest.mark.parametrize("name", CHAINS)
def test_the_operations_are_those_published_in_their_order(name):
    found = [type(one).__name__ for one in CHAINS[name].operations]

    assert found == {**PUBLISHED, **OWN}[name]


def test_images_are_blended_in_the_first_250_epochs_of_one_chain_alone():
    assert CHAINS["yolov3"].mixup is not None
    assert CHAINS["yolov3"].mixup_epochs == 250
    assert CHAINS["yolov3_obj365"].mixup is None


@pytest.mark.parametrize("name", OWN)
def test_our_own_chains_blend_no_images(name):
    assert CHAINS[name].mixup is None


def test_drawn_scenes_are_resized_as_they_are_measured():
    assert CHAINS["drawn"].interpolations == ("cubic",)


def test_a_loss_is_told_of_50_objects_and_of_every_face(images):
    crowd = [
        TrainingImage(
            path=images[0].path,
            boxes_xyxy=np.tile(np.float32([0, 0, 4, 4]), (count, 1)),
            classes=np.zeros(count, np.int32),
        )
        for count in (60, 3)
    ]

    for name, rows in (("drawn", 50), ("faces", 60)):
        chain = replace(CHAINS[name], sizes_px=(32,))
        source = BatchSource(images=tuple(crowd), chain=chain, batch=2, seed=0)
        batch = make_batch(source, 0, 0)
        assert batch.classes.shape == (2, rows)
        assert sorted((batch.scores > 0).sum(axis=1)) == [3, rows]
        assert not batch.boxes_cxcywh[batch.scores == 0].any()


def test_faces_are_seen_blue_first_as_they_are_measured(images):
    chain = replace(CHAINS["faces"], sizes_px=(32,), interpolations=("linear",))
    batch = make_batch(
        BatchSource(images=images[:1], chain=chain, batch=1, seed=0), 0, 0
    )

    rgb = resize(read_rgb(images[0].path), 32, "linear")
    assert np.array_equal(batch.images, normalise_faces(rgb[None]))


@pytest.mark.parametrize("name", PUBLISHED)
def test_sizes_and_interpolations_are_those_published(name):
    chain = CHAINS[name]

    assert chain.sizes_px == (320, 352, 384, 416, 448, 480, 512, 544, 576, 608)
    assert set(chain.interpolations) == {
        *("nearest", "linear", "area", "cubic", "lanczos4")
    }


def test_a_network_is_trained_on_pixels_as_it_is_measured_on():
    assert CHAINS["yolov3"].normalisation == NORMALISATIONS["mobilenet_v1"]
    assert CHAINS["drawn"].normalisation == NORMALISATIONS["mobilenet_v1"]
    assert (
        CHAINS["yolov3_obj365"].normalisation
        == (NORMALISATIONS["resnet50_vd_dcn_obj365"])
    )
