"""Where the zoo's data lives: the checkout one stands in, or what the wheel shipped."""

from __future__ import annotations

from pathlib import Path

from harness.errors import UsageError

#: Below a home folder.
ROWS_FOLDER = Path("cases", "rows")
EXPECTED_FOLDER = Path("expected")

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
            return folder
    return _SHIPPED


def written_home(home: Path) -> Path:
    """Return the folder that takes what is written beside a home's data.

    Nothing is written into an installed package: pages and accepted records go to the
    current folder.
    """
    return Path.cwd() if home == _SHIPPED else home


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
