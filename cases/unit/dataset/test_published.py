from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.dataset.coco import open_coco
from harness.dataset.published import differences
from harness.values.datasets import KnownDataset


def test_the_published_set_differs_in_nothing(
    coco_data: dict[str, Any], write_coco: Callable[..., Path]
) -> None:
    found = open_coco(write_coco(coco_data))

    known = KnownDataset(
        image_count=3,
        annotation_count=2,
        fingerprint=found.fingerprint,
        truth_sha256=found.truth.sha256(),
    )

    assert differences(found, known) == ()


def test_what_is_not_known_differs_in_nothing(
    coco_data: dict[str, Any], write_coco: Callable[..., Path]
) -> None:
    assert differences(open_coco(write_coco(coco_data)), KnownDataset()) == ()


def test_every_difference_is_named_with_both_values(
    coco_data: dict[str, Any], write_coco: Callable[..., Path]
) -> None:
    found = open_coco(write_coco(coco_data))

    known = KnownDataset(
        image_count=5000,
        annotation_count=0,
        fingerprint="f" * 64,
        truth_sha256="e" * 64,
    )

    assert differences(found, known) == (
        "image_count: published 5000, here 3",
        "annotation_count: published 0, here 2",
        f"fingerprint: published {'f' * 64}, here {found.fingerprint}",
        f"truth_sha256: published {'e' * 64}, here {found.truth.sha256()}",
    )


def test_files_that_differ_are_named_by_kind(
    coco_data: dict[str, Any], write_coco: Callable[..., Path]
) -> None:
    root = write_coco(coco_data)
    right = open_coco(root).file_digests
    (root / "coco" / "val2017" / "c.bmp").unlink()
    pins = {name: str(digest)[:16] for name, digest in right.items()}
    pins["sub/a.png"], pins["gone.png"] = "0" * 16, "1" * 16
    del pins["b.png"]

    told = differences(open_coco(root), KnownDataset(files=pins))

    assert told == (
        "files not here: 2 of 4: c.bmp, gone.png",
        "files not published: 1 of 4: b.png",
        "files of other bytes: 1 of 4: sub/a.png",
    )


def test_files_that_agree_are_not_told(
    coco_data: dict[str, Any], write_coco: Callable[..., Path]
) -> None:
    found = open_coco(write_coco(coco_data))
    pins = {name: str(digest)[:16] for name, digest in found.file_digests.items()}

    assert differences(found, KnownDataset(files=pins)) == ()


def test_many_files_are_counted_and_the_first_named(
    coco_data: dict[str, Any], write_coco: Callable[..., Path]
) -> None:
    found = open_coco(write_coco(coco_data))
    pins = {f"{k}.jpg": "0" * 16 for k in range(5)}

    three, four = (
        differences(found, KnownDataset(files=dict(list(pins.items())[:count])))[0]
        for count in (3, 4)
    )
    assert three == "files not here: 3 of 3: 0.jpg, 1.jpg, 2.jpg"
    assert four == "files not here: 4 of 4: 0.jpg, 1.jpg, 2.jpg, ..."
    (absent, *_) = differences(found, KnownDataset(files=pins))
    assert absent == "files not here: 5 of 5: 0.jpg, 1.jpg, 2.jpg, ..."
