"""Refuses a dataset whose classes are not the row's.

With a class too many, too few or in another place the classes after it have other
numbers. The network detects as before; its detections meet objects of other classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.dataset.labelled import LabelledSet
from harness.errors import WrongDataset
from harness.values.datasets import KnownDataset
from harness.values.rows import Row
from harness.values.truth import Truth

#: Names that stand for no class; lists of other tools have one in front.
PLACEHOLDERS = frozenset(
    ("background", "__background__", "_background_", "bg", "none", "__ignore__")
)


class Named(Protocol):
    """A set of images that says what its classes are called."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """In order; empty for one kind of thing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """What a row's network tells apart."""

    count: int
    names: tuple[str, ...] | None  # in the network's order; None: not known


def classes_of(row: Row, known: KnownDataset) -> Classes:
    """Return the classes of a row."""
    return counted_classes(row.num_classes, known)


def counted_classes(count: int, known: KnownDataset) -> Classes:
    """Return so many classes, with their names where they are known.

    Known names are those of the published dataset. A network of another count was
    trained on another one: its names are not known.
    """
    names = known.class_names
    fits = names is not None and len(names) == count
    return Classes(count=count, names=names if fits else None)


def demand_classes(labelled: Named, classes: Classes) -> None:
    """Refuse a dataset whose classes are not those of the row.

    The number is compared, and the names where both are known. A dataset of one kind
    of thing has no classes that could be others.

    Raises:
        WrongDataset: it has more, fewer or others; both lists are told.
    """
    here = labelled.class_names
    if not here or (
        len(here) == classes.count and not _differing(here, classes.names or here)
    ):
        return
    raise WrongDataset(
        _what(here, classes),
        expected=_told(classes.count, classes.names or ()),
        got=_told(len(here), here),
        next_step=_next_step(here, classes),
    )


def class_faults(
    labelled: LabelledSet[Truth], rows: Sequence[Row], known: KnownDataset
) -> tuple[str, ...]:
    """Return, each once, why rows cannot be measured on a dataset, and how many.

    Args:
        labelled: the dataset that was opened.
        rows: of this dataset.
        known: what is known of the published one.
    """
    refused: dict[str, int] = {}
    for row in rows:
        try:
            demand_classes(labelled, classes_of(row, known))
        except WrongDataset as error:
            refused[str(error)] = refused.get(str(error), 0) + 1
    return tuple(
        f"for {count} of {len(rows)} rows: {told}" for told, count in refused.items()
    )


def _differing(here: Sequence[str], names: Sequence[str]) -> list[int]:
    """Return the places of classes of another name; one without a name has none."""
    pairs = zip(here, names, strict=True)
    return [place for place, (one, name) in enumerate(pairs) if one not in ("", name)]


def _what(here: Sequence[str], classes: Classes) -> str:
    if len(here) != classes.count:
        return "the dataset has another number of classes than the row"
    place = _differing(here, classes.names or here)[0]
    return f"class {place} of the dataset is another than the row's"


def _told(count: int, names: Sequence[str]) -> str:
    """Return how many classes there are, and the names of all of them."""
    if not any(names):
        return f"{count} classes"
    return f"{count} classes: {', '.join(name or 'without a name' for name in names)}"


def _next_step(here: Sequence[str], classes: Classes) -> str:
    if here[0].lower() in PLACEHOLDERS and len(here) == classes.count + 1:
        return f"take {here[0]!r} out of the dataset's classes: no network has it"
    if set(here) == set(classes.names or ()):
        return "put the dataset's classes in the row's order"
    return "give the dataset that the row was trained for, or correct its num_classes"
