import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from harness.dataset.image import ImageEntry, read_rgb
from harness.dataset.resize import resize_cubic
from harness.errors import DatasetMissing
from harness.evaluate import batches
from harness.evaluate.batches import load_batch, read_ahead

Images = tuple[ImageEntry, ...]


@dataclass(frozen=True)
class Step:
    entries: Images
    sizes_px: tuple[int, ...] = (8,)


def test_every_size_is_resized_from_the_image_itself(drawn_images: Images) -> None:
    batch = load_batch(drawn_images[:3], (8, 16))

    assert set(batch.images_rgb) == {8, 16}
    for size_px, pixels in batch.images_rgb.items():
        assert pixels.shape == (3, size_px, size_px, 3)
        assert pixels.dtype == np.uint8
        for entry, square in zip(drawn_images, pixels, strict=False):
            assert (square == resize_cubic(read_rgb(entry.path), size_px)).all()


def test_sizes_are_the_annotated_height_and_width(drawn_images: Images) -> None:
    batch = load_batch(drawn_images[:2], (8,))

    assert batch.sizes_hw.tolist() == [[300, 400], [301, 401]]
    assert batch.sizes_hw.dtype == np.int32


def test_no_detector_can_change_what_the_others_see(drawn_images: Images) -> None:
    pixels = load_batch(drawn_images[:2], (8,)).images_rgb[8]

    with pytest.raises(ValueError, match="read-only"):
        pixels[0] = 0


def test_an_image_is_read_once_for_all_sizes(
    drawn_images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def counted(path: Path) -> np.ndarray:
        read.append(path)
        return read_rgb(path)

    monkeypatch.setattr(batches, "read_rgb", counted)

    load_batch(drawn_images[:4], (8, 16, 24))

    assert read == [entry.path for entry in drawn_images[:4]]


def test_batches_come_in_the_order_of_the_steps(drawn_images: Images) -> None:
    steps = [Step(drawn_images[k : k + 2]) for k in range(0, 20, 2)]

    came = [(step, future.result()) for step, future in read_ahead(steps)]

    assert [step for step, _ in came] == steps
    fills = [batch.images_rgb[8][:, 0, 0, 0].tolist() for _, batch in came]
    assert fills == [[k + 1, k + 2] for k in range(0, 20, 2)]


def test_the_next_batch_is_read_while_the_caller_works(
    drawn_images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    second_was_read = threading.Event()

    def watched(path: Path) -> np.ndarray:
        if path == drawn_images[1].path:
            second_was_read.set()
        return read_rgb(path)

    monkeypatch.setattr(batches, "read_rgb", watched)
    coming = read_ahead(Step((image,)) for image in drawn_images[:3])

    next(coming)

    assert second_was_read.wait(timeout=30)
    coming.close()


def test_no_more_than_one_step_is_asked_for_ahead(drawn_images: Images) -> None:
    asked = []

    def steps() -> Iterator[Step]:
        for image in drawn_images[:5]:
            asked.append(image.image_id)
            yield Step((image,))

    ahead = [len(asked) - k for k, _ in enumerate(read_ahead(steps()))]

    assert ahead == [2, 2, 2, 2, 1]


def test_an_unreadable_image_is_told_by_its_own_batch(drawn_images: Images) -> None:
    gone = replace(drawn_images[1], path=drawn_images[1].path.with_name("gone.bmp"))
    steps = [Step((drawn_images[0],)), Step((gone,)), Step((drawn_images[2],))]

    futures = [future for _, future in read_ahead(steps)]

    assert [future.exception() is None for future in futures] == [True, False, True]
    with pytest.raises(DatasetMissing, match=r"gone\.bmp cannot be read"):
        futures[1].result()


def test_the_reader_ends_with_its_caller(drawn_images: Images) -> None:
    coming = read_ahead(Step((image,)) for image in drawn_images)
    next(coming)

    coming.close()

    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("read-ahead")]
