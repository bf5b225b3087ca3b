"""Reads and writes the archive lock: size and digest of every pinned archive."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import tomli_w

from harness.errors import ZooDataError, located
from harness.files.atomic import write_text
from harness.registry.block import Block, read_toml, table_of
from harness.registry.problems import noting
from harness.values.pins import Pin


def read_lock(
    path: Path, section: str | None, problems: list[ZooDataError] | None = None
) -> Mapping[str, Pin]:
    """Return the pins of one zoo by archive name.

    Args:
        path: the TOML file; a missing one pins nothing.
        section: the zoo's name in a lock shared by several; None reads the whole file.
        problems: gets what is malformed, which is then left out.

    Raises:
        ZooDataError: something is malformed, and there is no list to note it in.
    """
    pins: dict[str, Pin] = {}
    entries: Mapping[str, object] = {}
    if not path.exists():
        return pins
    with noting(problems):
        document = read_toml(path)
        with located(path.name):
            chosen = document if section is None else document.get(section, {})
            entries = table_of(chosen, f"section {section}")
    for name, values in entries.items():
        with noting(problems), located(path.name), located(f"archive {name}"):
            pins[name] = _parse_pin(table_of(values, name))
    return pins


def write_lock(path: Path, section: str | None, pins: Mapping[str, Pin]) -> None:
    """Write the pins of one zoo; the other zoos' sections stay as they are.

    The file is sorted by zoo and archive, and replaced whole or not at all.

    Raises:
        ZooDataError: the file that is there is not a lock.
    """
    document: dict[str, object] = read_toml(path) if path.exists() else {}
    entries = {
        name: {"url": pin.url, "size_bytes": pin.size_bytes, "sha256": pin.sha256}
        for name, pin in sorted(pins.items())
    }
    if section is None:
        document = dict(entries)
    else:
        document[section] = entries
    write_text(path, tomli_w.dumps(dict(sorted(document.items()))))


def _parse_pin(values: Mapping[str, object]) -> Pin:
    block = Block(values)
    pin = Pin(
        url=block.text("url"),
        size_bytes=block.whole("size_bytes", at_least=1),
        sha256=block.sha256("sha256"),
    )
    block.finish()
    return pin
