"""Finds the records of rows whose networks were trained again.

::

    <records>/retrained/<row id>.json        as in the records folder itself
    <records>/retrained/detections, truth    likewise
"""

from __future__ import annotations

from pathlib import Path

RETRAINED = "retrained"


def retrained_folder(folder: Path) -> Path:
    """Return the folder of the records of retrained rows.

    A record in the folder itself is of a published archive: neither replaces the other.
    """
    return folder / RETRAINED
