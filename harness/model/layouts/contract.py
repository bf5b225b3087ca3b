"""The forms of a layout and of what it gives: named arrays, read when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from harness.errors import ArchiveUnreadable
from harness.model.fluid.program_desc import Operator, ProgramDesc
from harness.printable import first_few

#: How many names a message lists before it counts the rest.
LISTED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceProgram:
    """A program that is run as it is, its image open to any size."""

    desc: ProgramDesc  # checked: all that is run is written anew from it
    image: str  # fed: float32 [B, 3, H, W]
    im_size: str | None  # fed: int32 [B, 2], original height and width; of YOLOv3 alone

    @property
    def operators(self) -> tuple[Operator, ...]:
        """Return the operators, in order."""
        return self.desc.operators

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the names of what is saved with it, sorted."""
        return tuple(self.desc.parameters())


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One array of a folder."""

    name: str
    place: str  # what a message says of where it is
    read: Callable[[], NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightSource:
    """The arrays of a folder, by the names of the old runtime."""

    stored: Mapping[str, Stored]
    unit: str  # what holds one: "file" | "record" | "array"
    ignored_files: tuple[str, ...] = ()  # what lies there and holds no array
    program: InferenceProgram | None = None

    def names(self) -> tuple[str, ...]:
        """Return the names, sorted."""
        return tuple(sorted(self.stored))

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape that a variable has.

        Raises:
            ArchiveUnreadable: it is missing or damaged.
        """
        return tuple(self.read(name).shape)

    def read(self, name: str) -> NDArray[Any]:
        """Return the values of a variable.

        Raises:
            ArchiveUnreadable: it is missing or damaged.
        """
        if name not in self.stored:
            raise ArchiveUnreadable(
                f"{name}: no such {self.unit}",
                expected=f"one {self.unit} per variable",
                got=listed(self.names()),
            )
        return self.stored[name].read()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One way in which an archive holds a network.

    ``open`` also gets the network's variables, for a layout that stores no names.
    """

    recognise: Callable[[Path], bool]
    open: Callable[[Path, Sequence[str]], WeightSource]


def each_once(arrays: Iterable[Stored]) -> dict[str, Stored]:
    """Return the arrays by name.

    Raises:
        ArchiveUnreadable: a name is there twice; both places are told.
    """
    by_name: dict[str, Stored] = {}
    for array in arrays:
        if array.name in by_name:
            raise ArchiveUnreadable(
                f"{array.name} is there twice",
                expected="each variable once",
                got=f"{by_name[array.name].place} and {array.place}",
            )
        by_name[array.name] = array
    return by_name


def files_in(folder: Path) -> list[Path]:
    """Return the files of a folder, sorted; hidden ones are left out.

    macOS adds such (``._conv1_weights``, ``.DS_Store``); they are no part of a model.
    """
    return sorted(
        one
        for one in folder.iterdir()
        if one.is_file() and not one.name.startswith(".")
    )


def listed(names: Sequence[str]) -> str:
    """Return the first few names and how many more there are."""
    return first_few(names, LISTED, counts_rest=True) or "nothing"
