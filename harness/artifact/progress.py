"""How a transfer tells what it has done."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called as bytes arrive; starts again from a small number with each new try."""

    def __call__(self, done_bytes: int, total_bytes: int | None) -> None:
        """Take the bytes so far, and all of them where the source says how many."""
