"""Finds the files of a zoo, by its name or by its folder."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import UsageError
from harness.printable import printable
from harness.registry.location import (
    DATASET_FACTS,
    EXPECTED_FOLDER,
    RECIPES_FOLDER,
    ROWS_FOLDER,
    find_home,
)

LOGGER = logging.getLogger(__name__)

#: Files of a zoo's folder that are not tables, and of an ``expected`` folder.
ZOO_FILE = "zoo.toml"
MOVES_FILE = "moves.toml"
ERRATA_FILE = "errata.toml"
TOLERANCE_FILE = "tolerance.toml"
LOCK_FILE = "archives.lock.toml"
DATASETS_FILE = DATASET_FACTS.name
NOT_TABLES = frozenset(
    {ZOO_FILE, MOVES_FILE, ERRATA_FILE, TOLERANCE_FILE, LOCK_FILE, DATASETS_FILE}
)
WAIVERS_FILE = "waivers.toml"
#: Section of the shared tolerance file for a zoo that brings none of its own.
DEFAULT_SECTION = "default"
#: The zoo that the harness makes itself; its rows are absent while they are made.
EMBEDDED_ZOO = "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class ZooSources:
    """Where the files of one zoo are.

    A section names the part of a file that several zoos share; None means that the
    whole file is this zoo's.
    """

    name: str
    root: Path  # the folder of its tables
    claims: Path
    errata: Path
    errata_section: str | None
    tolerance: Path
    tolerance_section: str | None
    lock: Path
    lock_section: str | None
    is_own: bool = False  # anybody's folder, which may have its own strategies

    @property
    def seed_scores(self) -> Path:
        """The file of what its rows scored after trainings; it need not be there."""
        return self.claims.with_suffix(".retrained.csv")

    @property
    def shared_folder(self) -> Path | None:
        """The ``expected`` folder that several zoos share; None for a lone folder."""
        return None if self.lock_section is None else self.lock.parent

    @property
    def recipes(self) -> Path:
        """The folder of its recipes: beside that of the rows, or in a lone folder."""
        if self.shared_folder is None:
            return self.root / RECIPES_FOLDER.name
        return self.root.parent.parent / RECIPES_FOLDER.name / self.name

    @property
    def tables(self) -> tuple[Path, ...]:
        """The table files, by name."""
        return tuple(
            path
            for path in sorted(self.root.glob("[!.]*.toml"))
            if path.name not in NOT_TABLES
        )


def find_sources(name_or_path: str, *, home: Path | None = None) -> ZooSources:
    """Return where the files of a zoo are.

    A name is a folder of ``cases/rows`` in ``home``. A path is anybody's own folder. If
    it lies in ``rows`` (or ``cases/rows``), and the ``expected`` folder beside that has
    its ``<name>.csv``, then errata, tolerance and lock are there too. Otherwise all are
    in the folder itself, the claims as ``expected.csv``. A zoo without a tolerance of
    its own gets the default of ``home``.

    Raises:
        UsageError: no zoo has that name, and no folder that path.
    """
    home = find_home() if home is None else home
    named = home / ROWS_FOLDER / name_or_path
    if _is_word(name_or_path) and _is_folder(named):
        return _logged(_shared(named, home / EXPECTED_FOLDER))
    own = Path(name_or_path)
    if name_or_path and _is_folder(own):
        root = own.resolve()
        is_own = root.parent != (home / ROWS_FOLDER).resolve()
        return _logged(replace(_own(root, home), is_own=is_own))
    called = printable(repr(name_or_path)) if name_or_path else "without a name"
    raise UsageError(
        f"no zoo {called}",
        expected="the path of a folder, or " + " or ".join(zoo_names(home)),
        got="neither",
        next_step="a folder needs its path: ./NAME, or the whole of it",
    )


def _logged(sources: ZooSources) -> ZooSources:
    LOGGER.info(
        "zoo %s: rows in %s, claims in %s, tolerance in %s",
        *map(
            printable, (sources.name, sources.root, sources.claims, sources.tolerance)
        ),
    )
    return sources


def _is_folder(path: Path) -> bool:
    """Return whether a path is a folder; one that no system takes is none."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def zoo_names(home: Path) -> tuple[str, ...]:
    """Return the names of the zoos in ``home``, sorted."""
    return tuple(sorted(path.name for path in _folders_in(home / ROWS_FOLDER)))


def sources_beside(sources: ZooSources) -> tuple[ZooSources, ...]:
    """Return the zoos of one ``expected`` folder, the given one among them."""
    expected = sources.shared_folder
    if expected is None:
        return ()
    return tuple(
        _shared(folder, expected)
        for folder in sorted(_folders_in(sources.root.parent))
        if (expected / f"{folder.name}.csv").is_file()
    )


def _folders_in(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir() and not path.name.startswith("."):
            yield path


def _is_word(name: str) -> bool:
    return name not in ("", ".", "..") and Path(name).name == name


def _shared(root: Path, expected: Path) -> ZooSources:
    name = root.name
    return ZooSources(
        name=name,
        root=root,
        claims=expected / f"{name}.csv",
        errata=expected / ERRATA_FILE,
        errata_section=name,
        tolerance=expected / TOLERANCE_FILE,
        tolerance_section=name,
        lock=expected / LOCK_FILE,
        lock_section=name,
    )


def _own(root: Path, home: Path) -> ZooSources:
    above = root.parents
    beside = [folder / EXPECTED_FOLDER for folder in above[1:3]]
    for expected in beside:
        if (expected / f"{root.name}.csv").is_file():
            shared = _shared(root, expected)
            if shared.tolerance.is_file():
                return shared
            return _with_default_tolerance(shared, home)
    own = ZooSources(
        name=root.name,
        root=root,
        claims=root / "expected.csv",
        errata=root / ERRATA_FILE,
        errata_section=None,
        tolerance=root / TOLERANCE_FILE,
        tolerance_section=None,
        lock=root / LOCK_FILE,
        lock_section=None,
    )
    return own if own.tolerance.is_file() else _with_default_tolerance(own, home)


def _with_default_tolerance(sources: ZooSources, home: Path) -> ZooSources:
    return replace(
        sources,
        tolerance=home / EXPECTED_FOLDER / TOLERANCE_FILE,
        tolerance_section=DEFAULT_SECTION,
    )
