"""An opened dataset: what every reader makes of a data root."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from harness.dataset.image import ImageEntry
from harness.values.truth import Truth

T_co = TypeVar("T_co", bound=Truth, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledSet(Generic[T_co]):
    """A set that was checked and is ready to be detected on."""

    images: tuple[ImageEntry, ...]  # ascending image_id
    truth: T_co  # of these images alone
    fingerprint: str  # of the annotation files and these images
    image_count: int
    annotation_count: int  # of the dataset's published count: see its reader
    limit: int | None  # None when every image that is listed is in ``images``
    #: The name of each class, in the order that a network counts them in; a category
    #: without a name has "". Empty for a dataset of one kind of thing, faces.
    class_names: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()  # files that are not there: named, and not dropped
    notes: tuple[str, ...] = ()  # what is unusual and yet no difference: to be told
    #: SHA-256 of each annotation file and image, by the name in the dataset; None where
    #: it cannot be read.
    file_digests: Mapping[str, str | None] = field(default_factory=dict)
