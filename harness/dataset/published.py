"""A dataset and what is known of the published one in, their differences out."""

from __future__ import annotations

from harness.dataset.labelled import LabelledSet
from harness.truth import Truth


def differences(
    found: LabelledSet[Truth],
    *,
    image_count: int | None = None,
    annotation_count: int | None = None,
    fingerprint: str | None = None,
) -> tuple[str, ...]:
    """Return in which ways a dataset is not the published one; empty when it is.

    Only what is known is compared: an argument left out differs from nothing.

    Args:
        found: the dataset that was opened.
        image_count: images of the published one.
        annotation_count: annotations of the published one, crowds too.
        fingerprint: that of the published one.
    """
    known = {
        "image_count": (image_count, found.image_count),
        "annotation_count": (annotation_count, found.annotation_count),
        "fingerprint": (fingerprint, found.fingerprint),
    }
    return tuple(
        f"{name}: published {published}, here {here}"
        for name, (published, here) in known.items()
        if published is not None and published != here
    )
