"""Parses lines of five numbers all at once, a million in a second.

Other tools write other precisions, so no format is demanded. Text that is not plainly
five numbers a line is refused as a whole: the caller names the file and the line.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

COLUMNS = 5

#: Up to these, a whole number and a power of ten are exact in float64, so that their
#: quotient is the nearest float64: what reading the text would give.
EXACT_WHOLE = 2**53
EXACT_DECIMALS = 22

#: The bytes of plain numbers and of what separates them.
PLAIN = b"0123456789.+-eE \n"


def parse_numbers(lines: bytes) -> NDArray[np.float64] | None:
    r"""Return the numbers of lines ``x y w h score``, each ended by ``\n``.

    Returns:
        ``[N, 5]``, each the float64 nearest to the text, or infinite beyond its range;
        None when a line is anything but five plain decimal numbers, one space between.
    """
    if not lines:
        return np.zeros((0, COLUMNS))
    text = np.frombuffer(lines, np.uint8)
    spaces = text == ord(" ")
    newlines = np.flatnonzero(text == ord("\n"))
    starts = np.append(0, newlines[:-1] + 1)
    if not (np.add.reduceat(spaces, starts, dtype=np.int32) == COLUMNS - 1).all():
        return None
    ends = spaces.copy()
    ends[newlines] = True
    if ends[0] or (ends[1:] & ends[:-1]).any():
        return None  # a number that is not there
    count = COLUMNS * len(newlines)
    decimals = _decimals(lines[: newlines[0]])
    if decimals is not None and _is_uniform(text, spaces, newlines, *decimals):
        whole = _read(lines.translate(None, b"."), np.int64, count)
        # Too many digits come back as the largest int64.
        if whole is not None and int(np.abs(whole).max()) < EXACT_WHOLE:
            box, score = (float(10**places) for places in decimals)
            units = np.array([box] * (COLUMNS - 1) + [score])
            table: NDArray[np.float64] = whole.reshape(-1, COLUMNS) / units
            return table
    if lines.translate(None, PLAIN):
        return None
    numbers = _read(lines, np.float64, count)
    return None if numbers is None else numbers.reshape(-1, COLUMNS)


def _decimals(line: bytes) -> tuple[int, int] | None:
    """Return how many digits follow the dot in the box and in the score of a line."""
    *box, score = (len(part.partition(b".")[2]) for part in line.split(b" "))
    if len(set(box)) != 1 or max(box[0], score) > EXACT_DECIMALS:
        return None
    return box[0], score


def _is_uniform(
    text: NDArray[np.uint8],
    spaces: NDArray[np.bool_],
    newlines: NDArray[np.int64],
    box_decimals: int,
    score_decimals: int,
) -> bool:
    """Tell whether every number has its dot where those of the first line have theirs.

    Then the text without dots is whole numbers, all of one unit a column.
    """
    dots = text == ord(".")
    digits = (text - np.uint8(ord("0"))) <= 9  # below "0" it wraps to above 9
    boxes = len(newlines) * (COLUMNS - 1)
    dotted = boxes * bool(box_decimals) + len(newlines) * bool(score_decimals)
    if int(np.count_nonzero(dots)) != dotted:
        return False
    minus = np.flatnonzero(text == ord("-"))
    known = int(np.count_nonzero(digits)) + len(minus) + dotted
    if known + COLUMNS * len(newlines) != len(text):
        return False
    # numpy reads a lone minus as 0. (Place -1, before the text, is its last newline.)
    if not ((text[minus - 1] <= ord(" ")) & digits[minus + 1]).all():
        return False
    if box_decimals:
        fits = spaces[box_decimals + 1 :] & dots[: -box_decimals - 1]
        for place in range(1, box_decimals + 1):
            fits &= digits[place : place - box_decimals - 1]
        if int(np.count_nonzero(fits)) != boxes:
            return False
    return not score_decimals or bool(
        dots[newlines - score_decimals - 1].all()
        and all(digits[newlines - k].all() for k in range(1, score_decimals + 1))
    )


def _read(text: bytes, dtype: type[np.generic], count: int) -> NDArray[Any] | None:
    """Return the numbers of a text of ``count`` parts; None when a part is not one.

    A part gives one number, several (``1-2``), or stops the reading.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        try:
            numbers = np.fromstring(text, dtype=dtype, sep=" ")
        except (DeprecationWarning, ValueError):  # numpy 2.3 raises what 1.26 warns of
            return None
    return numbers if len(numbers) == count else None
