"""A folder as somebody named it in, the folder of one zoo's records out."""

from __future__ import annotations

from pathlib import Path


def folder_of_zoo(named: Path, zoo_name: str) -> Path:
    """Return where the records of a zoo are.

    Both forms are understood: the folder that holds one folder per zoo, and the zoo's
    own folder. A folder that is not there is returned as the first form has it.
    """
    below = named / zoo_name
    if not below.is_dir() and named.is_dir() and named.name == zoo_name:
        return named
    return below
