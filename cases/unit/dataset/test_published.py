from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.dataset.coco import open_coco
from harness.dataset.published import differences


def test_the_published_set_differs_in_nothing(
    coco_data: dict[str, Any], write_coco: Callable[..., Path]
) -> None:
    found = open_coco(write_coco(coco_data))

    told = differences(
        found, image_count=3, annotation_count=2, fingerprint=found.fingerprint
    )

    assert told == ()


def test_what_is_not_known_differs_in_nothing(
    coco_data: dict[str, Any], write_coco: Callable[..., Path]
) -> None:
    assert differences(open_coco(write_coco(coco_data))) == ()


def test_every_difference_is_named_with_both_values(
    coco_data: dict[str, Any], write_coco: Callable[..., Path]
) -> None:
    found = open_coco(write_coco(coco_data))

    told = differences(
        found, image_count=5000, annotation_count=0, fingerprint="f" * 64
    )

    assert told == (
        "image_count: published 5000, here 3",
        "annotation_count: published 0, here 2",
        f"fingerprint: published {'f' * 64}, here {found.fingerprint}",
    )
