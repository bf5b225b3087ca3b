"""Where the zoo's data lives: the checkout one stands in, or what the wheel shipped."""

from __future__ import annotations

from pathlib import Path

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


def _is_checkout(folder: Path) -> bool:
    return (
        (folder / "harness" / "registry" / _HERE.name).is_file()
        and (folder / ROWS_FOLDER).is_dir()
        and (folder / EXPECTED_FOLDER).is_dir()
    )
