"""Finds the home of the data, and names the folders and files below it.

Home is the checkout one stands in, or what the wheel shipped. The paths are relative to
it. What the files of one zoo are called is in ``sources.py``.
"""

from __future__ import annotations

import logging
from pathlib import Path

from harness.errors import UsageError
from harness.printable import printable

LOGGER = logging.getLogger(__name__)

CASES_FOLDER = Path("cases")
ROWS_FOLDER = CASES_FOLDER / "rows"  # a folder for each zoo
ROW_CASES = CASES_FOLDER / "zoo"  # what makes each row a case of pytest
RECIPES_FOLDER = CASES_FOLDER / "recipes"
QUANTISED_BY_ORACLE = CASES_FOLDER / "oracle" / "quant"  # archives of the old runtime
EXPECTED_FOLDER = Path("expected")  # a table of claims for each zoo
DATASET_FACTS = EXPECTED_FOLDER / "datasets.toml"
DATASET_SOURCES = EXPECTED_FOLDER / "dataset_sources.toml"
DATASET_PINS = EXPECTED_FOLDER / "datasets"  # a file for each dataset, `coco.txt`
REPORTS_FOLDER = Path("reports")  # pages, a folder for each zoo
RECORDS_FOLDER = REPORTS_FOLDER / "records"  # accepted, a folder for each zoo

_HERE = Path(__file__).resolve()
_SHIPPED = _HERE.parent / "shipped"  # pyproject.toml puts the data there in a wheel


def find_home(start: Path | None = None) -> Path:
    """Return the folder that holds ``cases/rows`` and ``expected``.

    The checkout around ``start`` (the current folder when not given) wins, so that an
    installed ``zoo`` shows the data one is editing; then the checkout this module is
    run from; then the data inside the wheel.
    """
    start = (Path.cwd() if start is None else start).resolve()
    for folder in (start, *start.parents, _HERE.parents[2]):
        if _is_checkout(folder):
            LOGGER.debug("data of the zoos: %s", printable(folder))
            return folder
    LOGGER.debug("data of the zoos: %s, as installed", printable(_SHIPPED))
    return _SHIPPED


def written_home(home: Path) -> Path:
    """Return the folder that takes what is written beside a home's data.

    Nothing is written into an installed package: pages and accepted records go to the
    current folder.
    """
    return Path.cwd() if home == _SHIPPED else home


def accepted_records(home: Path, zoo_name: str) -> Path:
    """Return the folder of the zoo's accepted records: what its pages are made of."""
    return written_home(home) / RECORDS_FOLDER / zoo_name


def pages_folder(home: Path, zoo_name: str) -> Path:
    """Return the folder of the zoo's committed pages."""
    return written_home(home) / REPORTS_FOLDER / zoo_name


def pins_path(home: Path, dataset: str) -> Path:
    """Return where the digests of a published dataset's files are pinned."""
    return home / DATASET_PINS / f"{dataset}.txt"


def demand_checkout(home: Path, what: str) -> None:
    """Refuse to change the data of an installed package.

    Args:
        home: of :func:`find_home`.
        what: would be changed: ``"pins of archives"``.

    Raises:
        UsageError: the data is what the package shipped.
    """
    if home == _SHIPPED:
        raise UsageError(
            f"{what} of a zoo that was installed",
            expected="a checkout, or a zoo's own folder",
            got=f"the package's data in {home}",
            next_step="run it in a checkout, or copy the zoo and give --zoo FOLDER",
        )


def _is_checkout(folder: Path) -> bool:
    return (
        (folder / "harness" / "registry" / _HERE.name).is_file()
        and (folder / ROWS_FOLDER).is_dir()
        and (folder / EXPECTED_FOLDER).is_dir()
    )
