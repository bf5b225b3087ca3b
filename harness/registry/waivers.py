"""Reads the waivers: verdicts that the gate lets pass until a day."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.errors import ZooDataError, located
from harness.registry.block import Block, read_toml
from harness.registry.problems import noting
from harness.values.records import PASSING, Verdict
from harness.values.waivers import Waiver


def read_waivers(
    path: Path, problems: list[ZooDataError] | None = None
) -> tuple[Waiver, ...]:
    """Return the waivers of a file in its order; a missing file waives nothing.

    Args:
        path: the TOML file, with blocks ``[[waiver]]``.
        problems: gets what is malformed, which is then left out.

    Raises:
        ZooDataError: something is malformed, and there is no list to note it in.
    """
    waivers: list[Waiver] = []
    blocks: list[Mapping[str, object]] = []
    if not path.exists():
        return ()
    with noting(problems):
        document = Block(read_toml(path))
        with located(path.name):
            blocks = document.tables("waiver")
            document.finish()
    for number, values in enumerate(blocks, start=1):
        place = f"waiver {number} ({values.get('row', 'no row')})"
        with noting(problems), located(path.name), located(place):
            waivers.append(_parse_waiver(values))
    return tuple(waivers)


def _parse_waiver(values: Mapping[str, object]) -> Waiver:
    block = Block(values)
    waivable = tuple(one.value for one in Verdict if one not in PASSING)
    waiver = Waiver(
        zoo=block.text("zoo"),
        row_id=block.text("row"),
        verdict=Verdict(block.choice("verdict", waivable)),
        reason=block.text("reason"),
        expires=block.date("expires"),
    )
    block.finish()
    return waiver
