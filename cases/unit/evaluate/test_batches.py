import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from harness.dataset import views
from harness.dataset.image import ImageEntry, read_rgb
from harness.dataset.resize import resize_cubic
from harness.dataset.views import AsItIs, Square, View
from harness.evaluate.batches import count_readers, load_batch, read_ahead

Images = tuple[ImageEntry, ...]

EIGHT = Square(input_px=8)
SIXTEEN = Square(input_px=16)


@dataclass(frozen=True)
class Step:
    entries: Images
    views: tuple[View, ...] = (Square(input_px=8),)


def test_every_size_is_resized_from_the_image_itself(drawn_images: Images) -> None:
    batch = load_batch(drawn_images[:3], (EIGHT, SIXTEEN))

    assert set(batch) == {EIGHT, SIXTEEN}
    for view, seen in batch.items():
        size_px = view.input_px
        assert seen.images_rgb.shape == (3, size_px, size_px, 3)
        assert seen.images_rgb.dtype == np.uint8
        for entry, square in zip(drawn_images, seen.images_rgb, strict=False):
            assert (square == resize_cubic(read_rgb(entry.path), size_px)).all()


def test_sizes_are_the_annotated_height_and_width(drawn_images: Images) -> None:
    seen = load_batch(drawn_images[:2], (EIGHT,))[EIGHT]

    assert seen.sizes_hw.tolist() == [[300, 400], [301, 401]]
    assert seen.sizes_hw.dtype == np.int32
    assert seen.image_ids == tuple(one.image_id for one in drawn_images[:2])


@pytest.mark.parametrize("view", [EIGHT, AsItIs()])
def test_no_detector_can_change_what_the_others_see(
    drawn_images: Images, view: View
) -> None:
    pixels = load_batch(drawn_images[:2], (view,))[view].images_rgb[0]

    with pytest.raises(ValueError, match="read-only"):
        pixels[0] = 0


def test_an_image_is_read_once_for_all_sizes(
    drawn_images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def counted(path: Path) -> np.ndarray:
        read.append(path)
        return read_rgb(path)

    monkeypatch.setitem(views.DECODERS, "opencv", counted)

    load_batch(drawn_images[:4], (EIGHT, SIXTEEN, Square(input_px=24)))

    assert read == [entry.path for entry in drawn_images[:4]]


def test_batches_come_in_the_order_of_the_steps(drawn_images: Images) -> None:
    steps = [Step(drawn_images[k : k + 2]) for k in range(0, 20, 2)]

    came = [(step, future.result()) for step, future in read_ahead(steps)]

    assert [step for step, _ in came] == steps
    fills = [batch[EIGHT].images_rgb[:, 0, 0, 0].tolist() for _, batch in came]
    assert fills == [[k + 1, k + 2] for k in range(0, 20, 2)]


def test_the_next_batch_is_read_while_the_caller_works(
    drawn_images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    second_was_read = threading.Event()

    def watched(path: Path) -> np.ndarray:
        if path == drawn_images[1].path:
            second_was_read.set()
        return read_rgb(path)

    monkeypatch.setitem(views.DECODERS, "opencv", watched)
    coming = read_ahead(Step((image,)) for image in drawn_images[:3])

    next(coming)

    assert second_was_read.wait(timeout=30)
    coming.close()


@pytest.mark.parametrize(
    ("readers", "expected"),
    [(1, [2, 2, 2, 2, 1]), (3, [4, 4, 3, 2, 1]), (9, [5, 4, 3, 2, 1])],
)
def test_no_more_steps_are_asked_for_ahead_than_there_are_readers(
    drawn_images: Images, readers: int, expected: list[int]
) -> None:
    asked = []

    def steps() -> Iterator[Step]:
        for image in drawn_images[:5]:
            asked.append(image.image_id)
            yield Step((image,))

    coming = read_ahead(steps(), readers=readers)
    ahead = [len(asked) - k for k, _ in enumerate(coming)]

    assert ahead == expected


def test_several_readers_read_at_once_and_the_order_stays(
    drawn_images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(3, timeout=30)  # broken, unless three are reading

    def met(path: Path) -> np.ndarray:
        together.wait()
        return read_rgb(path)

    monkeypatch.setitem(views.DECODERS, "opencv", met)
    steps = [Step((image,)) for image in drawn_images[:6]]

    came = [(step, future.result()) for step, future in read_ahead(steps, readers=3)]

    assert [step for step, _ in came] == steps
    assert [batch[EIGHT].image_ids for _, batch in came] == [
        (image.image_id,) for image in drawn_images[:6]
    ]


@pytest.mark.parametrize(
    ("cores", "readers"), [(1, 1), (7, 1), (8, 2), (15, 3), (16, 4), (64, 4)]
)
def test_a_quarter_of_the_cores_reads(cores: int, readers: int) -> None:
    assert count_readers(cores) == readers


def test_an_unreadable_image_is_left_out_and_told(drawn_images: Images) -> None:
    gone = replace(drawn_images[1], path=drawn_images[1].path.with_name("gone.bmp"))
    broken = drawn_images[2].path.with_name("broken.bmp")
    broken.write_bytes(b"BM no bitmap")
    entries = (drawn_images[0], gone, replace(drawn_images[2], path=broken))

    batch = load_batch(entries, (EIGHT, AsItIs()))

    for seen in batch.values():
        assert seen.image_ids == (drawn_images[0].image_id,)
        assert len(seen.images_rgb) == len(seen.sizes_hw) == 1
        assert "gone.bmp cannot be read" in seen.faults[gone.image_id]
        assert "broken.bmp cannot be decoded" in seen.faults[drawn_images[2].image_id]


def test_a_batch_of_unreadable_images_shows_nothing(
    drawn_images: Images, tmp_path: Path
) -> None:
    gone = [replace(one, path=tmp_path / "gone.jpg") for one in drawn_images[:2]]
    seen = load_batch(gone, (EIGHT,))[EIGHT]

    assert (seen.image_ids, len(seen.images_rgb)) == ((), 0)
    assert seen.sizes_hw.shape == (0, 2)
    assert set(seen.faults) == {one.image_id for one in gone}


@pytest.mark.parametrize("readers", [1, 4])
def test_the_readers_end_with_their_caller(drawn_images: Images, readers: int) -> None:
    steps = [Step((image,)) for image in drawn_images]
    coming = read_ahead(steps, readers=readers)
    next(coming)

    coming.close()

    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("read-ahead")]
