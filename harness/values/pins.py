"""What was pinned of an archive when it was fetched."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """What is known of the bytes of one archive."""

    url: str  # the address that served them
    size_bytes: int
    sha256: str  # lower-case hexadecimal
