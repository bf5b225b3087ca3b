"""Reads the written tolerance budget of a zoo."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.errors import ZooDataError, located
from harness.registry.block import Block, read_toml, table_of
from harness.registry.problems import noting
from harness.registry.sources import DEFAULT_SECTION
from harness.values.rows import TolerancePart

BASES = ("derived", "measured", "assumed")
#: What a part can depend on: fields of a row, and the family of its strategy.
APPLIES_TO = (
    "architecture",
    "backbone",
    "dataset",
    "family",
    "input_px",
    "strategy",
)


def read_tolerance(
    path: Path, section: str | None, problems: list[ZooDataError]
) -> tuple[TolerancePart, ...]:
    """Return the parts of one zoo's budget; what is wrong goes to ``problems``.

    Args:
        path: the TOML file.
        section: the zoo's name in a file shared by several, which falls back to the
            section ``default``; None reads the whole file.
        problems: gets what is malformed, and the refusal of an empty budget.
    """
    parts: list[TolerancePart] = []
    blocks: list[Mapping[str, object]] = []
    with noting(problems):
        document = read_toml(path)
        with located(path.name):
            if section is None:
                chosen: object = document
            else:
                chosen = document.get(section, document.get(DEFAULT_SECTION, {}))
            entries = Block(table_of(chosen, f"section {section}"))
            blocks = entries.tables("part")
            entries.finish()
            if not blocks:
                raise ZooDataError(
                    f"section {section or 'of the file'}",
                    expected="at least one [[part]]",
                    got="none",
                    next_step="no tolerance at all is a part of 0",
                )
    for number, values in enumerate(blocks, start=1):
        with noting(problems), located(path.name), located(f"part {number}"):
            parts.append(_parse_part(values))
    return tuple(parts)


def _parse_part(values: Mapping[str, object]) -> TolerancePart:
    block = Block(values)
    part = TolerancePart(
        name=block.text("name"),
        value_pct=block.decimal("value_pct"),
        basis=block.choice("basis", BASES),
        source=block.text("source"),
        applies_to=block.texts_map("applies_to"),
        only_retrained=block.optional_flag("only_retrained"),
    )
    block.finish()
    if not set(part.applies_to) <= set(APPLIES_TO):
        raise ZooDataError(
            "field applies_to",
            expected=", ".join(APPLIES_TO),
            got=", ".join(sorted(set(part.applies_to) - set(APPLIES_TO))),
        )
    return part
