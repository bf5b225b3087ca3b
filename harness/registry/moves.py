"""Reads ``moves.toml``: later addresses of archives, written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ZooDataError, located
from harness.registry.block import Block, read_toml
from harness.registry.problems import noting


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A later address of an archive."""

    archive: str
    url: str
    source: str  # who says so
    erratum: str | None  # the erratum that calls the printed address wrong


def read_moves(path: Path, problems: list[ZooDataError]) -> tuple[Move, ...]:
    """Return the moves of a file in its order; what is wrong goes to ``problems``."""
    moves: list[Move] = []
    blocks: list[Mapping[str, object]] = []
    if not path.exists():
        return ()
    with noting(problems):
        document = Block(read_toml(path))
        with located(path.name):
            blocks = document.tables("move")
            document.finish()
    for number, values in enumerate(blocks, start=1):
        with noting(problems), located(path.name), located(f"move {number}"):
            block = Block(values)
            moves.append(
                Move(
                    archive=block.text("archive"),
                    url=block.text("url"),
                    source=block.text("source"),
                    erratum=block.optional_text("erratum"),
                )
            )
            block.finish()
    return tuple(moves)
