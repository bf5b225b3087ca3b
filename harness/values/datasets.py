"""What is published of each dataset, and what is known of the files of one.

``PUBLISHED_DATASETS`` lists the datasets that there are. The rooms ``dataset``,
``evaluate`` and ``formats`` have one table each, by the same words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedDataset:
    """What published documents say of a dataset and of the networks trained for it."""

    title: str  # as documents print it
    measured_on: str  # the split that rows are measured on, in words
    metrics: tuple[str, ...]  # the claims that one row makes, in printed order
    num_classes: int  # outputs of a published network's classifier
    trained_on: tuple[str, ...] = ()  # that recipes can name  # zoo-spec 5.1, 5.5


#: Word of rows -> the dataset. A face network has the classes background and face.
#: # zoo-spec 1.2, 1.4-1.7
PUBLISHED_DATASETS: Mapping[str, PublishedDataset] = {
    "coco": PublishedDataset(
        title="COCO",
        measured_on="COCO val2017",
        metrics=("box_ap",),
        num_classes=80,
        trained_on=("train2017",),
    ),
    "voc": PublishedDataset(
        title="Pascal VOC",
        measured_on="Pascal VOC2007 test",
        metrics=("box_ap",),
        num_classes=20,
        trained_on=("trainval2007+2012",),
    ),
    "widerface": PublishedDataset(
        title="WIDER FACE",
        measured_on="the WIDER FACE validation set",
        metrics=("easy", "medium", "hard"),
        num_classes=2,
        trained_on=("train",),
    ),
}


#: What is one value of a whole dataset; ``files`` has one for each file.
FACTS = ("image_count", "annotation_count", "fingerprint", "truth_sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlikeFact:
    """A fact of a dataset that is not the published one's."""

    fact: str  # of FACTS
    published: object
    here: object

    def __str__(self) -> str:
        """Tell both values."""
        return f"{self.fact}: published {self.published}, here {self.here}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDataset:
    """What is known of the dataset a zoo was measured on; None is not known."""

    image_count: int | None = None
    annotation_count: int | None = None  # crowds too
    #: Of the split that networks learn from: those with ground truth.  # zoo-spec 5.1
    training_image_count: int | None = None
    #: The name of each class, in the order that the networks count them in.
    class_names: tuple[str, ...] | None = None
    fingerprint: str | None = None  # SHA-256 in lower-case hexadecimal
    truth_sha256: str | None = None  # likewise, of what is scored against
    files: Mapping[str, str] | None = None  # first digits of each file's SHA-256

    def unlike(self, here: Mapping[str, object]) -> tuple[UnlikeFact, ...]:
        """Return the facts in which a dataset is not the published one.

        What is not known of the published one differs from nothing.

        Args:
            here: fact -> its value; a fact that is left out was not looked at.
        """
        return tuple(
            UnlikeFact(fact=fact, published=published, here=here[fact])
            for fact in FACTS
            if fact in here and (published := getattr(self, fact)) is not None
            if published != here[fact]
        )
