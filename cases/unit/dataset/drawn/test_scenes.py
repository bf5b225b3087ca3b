import hashlib

import numpy as np
import pytest

from harness.dataset.drawn import scenes
from harness.dataset.drawn.drawing import MAX_HIDDEN_PCT, ROTATIONS
from harness.dataset.drawn.scenes import (
    CLASS_NAMES,
    COLOURS,
    MAX_OBJECTS,
    SHAPES,
    SIDES_PX,
    draw_scene,
)

SEED = 99
#: Digests of scenes (seed 99): a change of one pixel or box changes the demo's data.
DIGESTS = (
    "3829429837cdf1bb8c1e59ee0219cea1b5216c6f5221578c7216aea3d519590f",
    "64fd081468b045dd9baf0b9c859536cb6206f1c22a13005bec5ce10dd3ff0c48",
    "9f21ae7455ecdbdb995ca75ca75d20f6cc1398bb6977a9a281b591e84235f1eb",
)
DIGEST_OF_SIXTY = "26af4c1682f7fc62ff911d6bc7bf5206cb768600fcc274aa2d48ce872a6fbcd6"


@pytest.fixture(scope="module")
def many():
    """Sixty scenes with the masks of their objects, back to front."""
    drawn = []
    with pytest.MonkeyPatch.context() as patch:
        paint = scenes.paint

        def watched(random, canvas, mask, typical):
            masks.append(mask)
            paint(random, canvas, mask, typical)

        patch.setattr(scenes, "paint", watched)
        for index in range(60):
            masks = []
            drawn.append((draw_scene(SEED, index), masks))
    return drawn


def digest(scene):
    content = hashlib.sha256()
    for array in (scene.rgb, scene.classes, scene.boxes_xyxy, scene.areas_px2):
        content.update(f"{array.dtype.str}{array.shape}".encode())
        content.update(np.ascontiguousarray(array).tobytes())
    return content.hexdigest()


@pytest.mark.parametrize("index", range(3))
def test_a_scene_is_the_same_on_every_machine(index):
    assert digest(draw_scene(SEED, index)) == DIGESTS[index]


def test_sixty_scenes_are_the_same_on_every_machine(many):
    together = "".join(digest(scene) for scene, _ in many)

    assert hashlib.sha256(together.encode()).hexdigest() == DIGEST_OF_SIXTY


def test_a_scene_depends_on_its_seed_and_index_alone():
    assert digest(draw_scene(5, 2)) == digest(draw_scene(5, 2))
    assert digest(draw_scene(5, 2)) != digest(draw_scene(5, 3))
    assert digest(draw_scene(5, 2)) != digest(draw_scene(6, 2))


def test_a_picture_has_bytes_and_one_of_the_sides(many):
    for scene, _ in many:
        assert scene.rgb.dtype == np.uint8
        assert scene.rgb.shape[2] == 3
        assert set(scene.rgb.shape[:2]) <= set(SIDES_PX)


def test_a_box_is_the_tightest_around_its_shape(many):
    for scene, masks in many:
        assert len(masks) == len(scene.boxes_xyxy) == len(scene.classes)
        for mask, (x1, y1, x2, y2) in zip(masks, scene.boxes_xyxy, strict=True):
            inside = mask[y1:y2, x1:x2]
            assert inside.sum() == mask.sum()
            assert inside[0].any()
            assert inside[-1].any()
            assert inside[:, 0].any()
            assert inside[:, -1].any()


def test_an_area_counts_the_pixels_of_the_whole_shape(many):
    for scene, masks in many:
        assert scene.areas_px2.tolist() == [mask.sum() for mask in masks]


def test_no_object_is_hidden_beyond_the_limit(many):
    shares = []
    for _, masks in many:
        for place, mask in enumerate(masks):
            seen = mask.copy()
            for later in masks[place + 1 :]:
                seen &= ~later
            shares.append(100 - 100 * seen.sum() / mask.sum())

    assert max(shares) <= MAX_HIDDEN_PCT
    assert max(shares) > MAX_HIDDEN_PCT / 2  # and occlusion does occur


def test_all_classes_occur_and_none_is_rare(many):
    counts = np.bincount(np.concatenate([scene.classes for scene, _ in many]))

    assert len(counts) == len(CLASS_NAMES)
    assert counts.min() > counts.sum() / 20


def test_objects_are_few_and_from_small_to_large(many):
    sides = np.concatenate([scene.boxes_xyxy for scene, _ in many])
    sides = (sides[:, 2:] - sides[:, :2]).max(axis=1)

    assert max(len(scene.classes) for scene, _ in many) <= MAX_OBJECTS
    assert sides.min() < 32
    assert sides.max() > 96


def test_an_object_has_the_colour_of_its_class_in_the_mean(many):
    for kind, name in enumerate(CLASS_NAMES):
        seen = [
            scene.rgb[mask].mean(axis=0)
            for scene, masks in many
            for mask, one in zip(masks, scene.classes, strict=True)
            if one == kind
        ]
        assert np.abs(np.mean(seen, axis=0) - COLOURS[name]).max() < 40


def test_a_background_is_not_plain(many):
    for scene, masks in many:
        bare = ~np.any([np.zeros(scene.rgb.shape[:2], bool), *masks], axis=0)
        assert scene.rgb[bare].std() > 5


@pytest.mark.parametrize("name", SHAPES)
def test_every_class_has_a_shape_that_fits_its_window(name):
    v, u = np.mgrid[-150:151, -150:151]

    mask = SHAPES[name](u, v)

    assert mask.any()
    assert not mask[[0, -1]].any()
    assert not mask[:, [0, -1]].any()


def test_every_class_has_a_shape_and_rotations_are_exact():
    assert tuple(SHAPES) == CLASS_NAMES
    assert all(a * a + b * b == h * h for a, b, h in ROTATIONS)


def test_a_scene_whose_objects_all_fall_away_is_empty(monkeypatch):
    monkeypatch.setattr(
        scenes, "_place", lambda random, name, h, w: np.zeros((h, w), bool)
    )

    scene = draw_scene(SEED, 0)

    assert scene.boxes_xyxy.shape == (0, 4)
    assert scene.classes.shape == scene.areas_px2.shape == (0,)
