import numpy as np
import pytest

from harness.model.boxes import face_boxes as face_detector
from harness.model.boxes import face_finding, prior_boxes
from harness.model.boxes.face_boxes import (
    decode_face_heads,
    faces_of_image,
    normalise_faces,
)
from harness.model.boxes.face_finding import FaceDetector, faces_of_heads

EDITIONS = ("original", "lite", "nas")
SIZES = ("56x72", "65x97")
#: Of coordinates and scores in 0..1: last places of exp.
AGREES = 2e-6


def pictures_of(golden, edition, size):
    """Yield each picture's outputs, height and width, and its place."""
    count, height_px, width_px, _ = golden[f"images_{size}"].shape
    for place in range(count):
        outputs = [golden[f"{edition}.head_{n}_{size}"][place] for n in range(4)]
        yield outputs, {"height_px": height_px, "width_px": width_px}, place


def difference(
    golden, edition="original", size="65x97", change=lambda outputs: outputs
):
    """Largest difference of boxes and scores to the old runtime's."""
    worst = 0.0
    for outputs, sides, place in pictures_of(golden, edition, size):
        boxes, scores = decode_face_heads(change(outputs), **sides)
        for found, expected in (
            (boxes, golden[f"{edition}.boxes_{size}"][place]),
            (scores, golden[f"{edition}.scores_{size}"][place].T),
        ):
            assert found.shape == expected.shape
            worst = max(worst, float(np.abs(found - expected).max()))
    return worst


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("size", SIZES)
def test_outputs_become_the_old_runtimes_boxes_and_scores(faces_golden, edition, size):
    assert difference(faces_golden, edition, size) < AGREES


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("size", SIZES)
def test_outputs_become_the_old_runtimes_faces_in_pixels(
    faces_golden, edition, size, unmatched_rows
):
    lengths = faces_golden[f"{edition}.lengths_{size}"]
    expected = np.split(
        faces_golden[f"{edition}.detections_{size}"], np.cumsum(lengths)[:-1]
    )
    for outputs, sides, place in pictures_of(faces_golden, edition, size):
        found = faces_of_image(outputs, **sides)

        rows = np.column_stack([found.classes, found.scores, found.boxes_xyxy])
        scale = [1, 1] + [sides["width_px"], sides["height_px"]] * 2
        wanted = expected[place] * np.float32(scale)
        assert unmatched_rows(rows, wanted, score=1e-5, box_px=1e-3) == ([], [])


def test_scores_are_shares_however_large_the_logits_are():
    outputs = silent_heads(np.zeros((1, 3, 16, 16), np.float32))
    outputs = [one[0] * np.float32(1000) for one in outputs]  # exp of it is infinite
    outputs[3][2 * 2 + 1] = 9000

    _, scores = decode_face_heads(outputs, height_px=16, width_px=16)

    assert scores[:8].tolist() == [[1, 0]] * 8
    assert scores[8:].tolist() == [[1, 0]] * 2 + [[0.5, 0.5]] + [[1, 0]] * 3


def reshaped(outputs, change):
    """Change each output as ``[K, values, H, W]``."""
    priors = (2, 2, 6, 6)
    return [
        change(one.reshape(count, -1, *one.shape[1:])).reshape(one.shape)
        for one, count in zip(outputs, priors, strict=True)
    ]


def swapped_axes(one):
    """Take the channels as values of priors, not as priors of values."""
    return one.swapaxes(0, 1).copy()


TRAPS = {
    "priors the other way round": lambda all_: reshaped(all_, lambda one: one[::-1]),
    "channels by value, not by prior": lambda all_: reshaped(all_, swapped_axes),
    "face before background": lambda all_: [
        reshaped(all_, lambda one: one[:, ::-1])[n] if n % 2 else all_[n]
        for n in range(4)
    ],
    "rows from below": lambda all_: [one[:, ::-1] for one in all_],
}


@pytest.mark.parametrize("trap", TRAPS)
def test_outputs_read_in_another_order_are_told_apart(faces_golden, trap):
    assert difference(faces_golden, change=TRAPS[trap]) > 1e-2


@pytest.mark.parametrize("order", [(0, 2, 1, 3), (1, 0, 3, 2), (2, 3, 0, 1)])
def test_outputs_in_another_order_do_not_fit(faces_golden, order):
    with pytest.raises(ValueError, match=r"reshape|broadcast|concatenat"):
        difference(faces_golden, change=lambda all_: [all_[place] for place in order])


def test_priors_by_column_are_told_apart(monkeypatch, faces_golden):
    original = prior_boxes._level_priors
    monkeypatch.setattr(
        prior_boxes,
        "_level_priors",
        lambda rows, columns, *rest: (
            original(rows, columns, *rest)
            .reshape(rows, columns, -1, 4)
            .swapaxes(0, 1)
            .reshape(-1, 4)
        ),
    )

    assert difference(faces_golden) > 1e-2


def test_pixels_turn_to_blue_first_lose_the_mean_and_are_scaled():
    red, green, blue = 200, 117, 0

    planes = normalise_faces(np.uint8([[[[red, green, blue]]]]))

    assert planes.dtype == np.float32
    assert planes.flags.c_contiguous
    assert planes.ravel() == pytest.approx(
        [-104 / 127.502231, 0, (200 - 123) / 127.502231], rel=1e-6
    )  # zoo-spec 1.7


def test_rows_and_columns_keep_their_places():
    images = np.zeros((2, 3, 5, 3), np.uint8)
    images[1, 2, 4] = 255

    planes = normalise_faces(images)

    assert planes.shape == (2, 3, 3, 5)
    assert (planes[1, :, 2, 4] > 0).all()
    assert (np.delete(planes.reshape(6, 15), 14, axis=1) < 0).all()


def silent_heads(images):
    """No face anywhere: what a network says of ``[B, 3, H, W]``."""
    batch, _, height_px, width_px = images.shape
    outputs = []
    for stride, priors in ((8, 2), (16, 6)):
        side = (batch, priors, -(-height_px // stride), -(-width_px // stride))
        outputs.append(np.zeros((side[0], 4 * side[1], *side[2:]), np.float32))
        logits = np.zeros((*side[:2], 2, *side[2:]), np.float32)
        logits[:, :, 0] = 9
        outputs.append(logits.reshape(side[0], 2 * side[1], *side[2:]))
    return outputs


def test_each_image_has_its_own_faces_at_its_priors():
    def heads(images):
        outputs = silent_heads(images)
        outputs[3][1, 2 * 2 + 1, 1, 0] = 12  # image 1, stride 16, side 64, cell (1, 0)
        return outputs

    first, second = FaceDetector(
        find=faces_of_heads(heads), input_px=640, scales="single"
    ).look(np.zeros((2, 40, 56, 3), np.uint8))

    assert len(first.scores) == 0
    assert second.classes.tolist() == [face_detector.FACE]
    assert second.scores[0] == pytest.approx(1 / (1 + np.exp(-3)), rel=1e-5)
    # around (8, 24), out of the image: nothing is clipped
    assert second.boxes_xyxy[0] == pytest.approx([-24, -8, 40, 56], abs=1e-3)


@pytest.mark.parametrize("sides", [(1, 1), (8, 9), (65, 97), (128, 32)])
def test_any_size_is_looked_at(sides):
    (found,) = FaceDetector(
        find=faces_of_heads(silent_heads), input_px=640, scales="single"
    ).look(np.zeros((1, *sides, 3), np.uint8))

    assert found.boxes_xyxy.shape == (0, 4)


def single(heads):
    return FaceDetector(find=faces_of_heads(heads), input_px=640, scales="single")


def face_everywhere(images):
    """One face at image 0, stride 16, side 64, the last cell."""
    outputs = silent_heads(images)
    outputs[3][0, 2 * 2 + 1, -1, -1] = 12
    return outputs


def test_boxes_of_a_large_image_are_in_its_own_pixels(monkeypatch):
    monkeypatch.setattr(face_finding, "base_scale", lambda height, width: 0.5)
    image = np.zeros((160, 320, 3), np.uint8)

    (found,) = FaceDetector(
        find=faces_of_heads(face_everywhere), input_px=640, scales="single"
    ).detect([image], np.int32([[160, 320]]))

    # looked at as 80 x 160: the cell's centre is (152, 72), and twice that here
    assert found.boxes_xyxy[0] == pytest.approx([240, 80, 368, 208], abs=1e-3)


def test_images_of_different_sizes_are_looked_at_one_by_one():
    images = [np.zeros((*sides, 3), np.uint8) for sides in ((64, 48), (32, 80))]

    first, second = FaceDetector(
        find=faces_of_heads(face_everywhere), input_px=640, scales="single"
    ).detect(images, np.int32([[64, 48], [32, 80]]))

    assert first.boxes_xyxy[0] == pytest.approx([8, 24, 72, 88], abs=1e-3)
    assert second.boxes_xyxy[0] == pytest.approx([40, -8, 104, 56], abs=1e-3)
