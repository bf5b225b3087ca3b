"""A dataset and what is known of the published one in, their differences out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.dataset.labelled import LabelledSet
from harness.printable import first_few
from harness.values.truth import Truth

#: How many files of a kind a difference names; the rest are counted.
NAMED_FILES = 3


def differences(
    found: LabelledSet[Truth],
    *,
    image_count: int | None = None,
    annotation_count: int | None = None,
    fingerprint: str | None = None,
    truth_sha256: str | None = None,
    files: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Return in which ways a dataset is not the published one; empty when it is.

    Only what is known is compared: an argument left out differs from nothing.

    Args:
        found: the dataset that was opened.
        image_count: images of the published one.
        annotation_count: annotations of the published one, crowds too.
        fingerprint: that of the published one.
        truth_sha256: the digest of what is scored against in the published one.
        files: first digits of the SHA-256 of each of its files, by name.
    """
    known = {
        "image_count": (image_count, found.image_count),
        "annotation_count": (annotation_count, found.annotation_count),
        "fingerprint": (fingerprint, found.fingerprint),
        "truth_sha256": (truth_sha256, truth_sha256 and found.truth.sha256()),
    }
    told = [
        f"{name}: published {published}, here {here}"
        for name, (published, here) in known.items()
        if published is not None and published != here
    ]
    return (*told, *_file_differences(files or {}, found.file_digests))


def _file_differences(
    published: Mapping[str, str], here: Mapping[str, str | None]
) -> Iterator[str]:
    if not published or not here:
        return
    kinds = {
        "not here": [one for one in published if here.get(one) is None],
        "not published": [one for one in here if one not in published],
        "of other bytes": [
            one
            for one, digits in published.items()
            if not (here.get(one) or digits).startswith(digits)
        ],
    }
    for kind, names in kinds.items():
        if names:
            named = first_few(sorted(names), NAMED_FILES)
            yield f"files {kind}: {len(names)} of {len(published)}: {named}"
