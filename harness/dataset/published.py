"""Tells how an opened dataset differs from the published one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.dataset.labelled import LabelledSet
from harness.printable import first_few
from harness.values.datasets import KnownDataset
from harness.values.truth import Truth

#: How many files of a kind a difference names; the rest are counted.
NAMED_FILES = 3


def differences(opened: LabelledSet[Truth], known: KnownDataset) -> tuple[str, ...]:
    """Return in which ways a dataset is not the published one; empty when it is.

    Args:
        opened: the whole dataset.
        known: what is known of the published one; what is not differs from nothing.
    """
    unlike = known.unlike(
        {
            "image_count": opened.image_count,
            "annotation_count": opened.annotation_count,
            "fingerprint": opened.fingerprint,
            "truth_sha256": opened.truth.sha256(),
        }
    )
    return (
        *map(str, unlike),
        *_file_differences(known.files or {}, opened.file_digests),
    )


def _file_differences(
    published: Mapping[str, str], opened: Mapping[str, str | None]
) -> Iterator[str]:
    if not published or not opened:
        return
    kinds = {
        "not here": [one for one in published if opened.get(one) is None],
        "not published": [one for one in opened if one not in published],
        "of other bytes": [
            one
            for one, digits in published.items()
            if not (opened.get(one) or digits).startswith(digits)
        ],
    }
    for kind, names in kinds.items():
        if names:
            named = first_few(sorted(names), NAMED_FILES)
            yield f"files {kind}: {len(names)} of {len(published)}: {named}"
