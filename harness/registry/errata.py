"""Reads the errata of a document: what it prints wrongly, and the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.errors import ZooDataError, located
from harness.registry.block import Block, read_toml, table_of
from harness.registry.claims import expected_of, is_printable
from harness.registry.problems import noting
from harness.values.rows import (
    DIFFERENCE_METRICS,
    ERRATUM_FIELDS,
    STRUCTURE_METRICS,
    Erratum,
)


def read_errata(
    path: Path, section: str | None, problems: list[ZooDataError]
) -> tuple[Erratum, ...]:
    """Return the errata of one zoo in file order; what is wrong goes to ``problems``.

    Args:
        path: the TOML file; a missing one holds no errata.
        section: the zoo's name in a file shared by several; None reads the whole file.
        problems: gets what is malformed.
    """
    errata: list[Erratum] = []
    entries: Mapping[str, object] = {}
    if not path.exists():
        return ()
    with noting(problems):
        document = read_toml(path)
        with located(path.name):
            chosen = document if section is None else document.get(section, {})
            entries = table_of(chosen, f"section {section}")
    for erratum_id, values in entries.items():
        with noting(problems), located(path.name), located(f"erratum {erratum_id}"):
            errata.append(_parse_erratum(erratum_id, table_of(values, erratum_id)))
    return tuple(errata)


def _parse_erratum(erratum_id: str, values: Mapping[str, object]) -> Erratum:
    block = Block(values)
    erratum = Erratum(
        erratum_id=erratum_id,
        field=block.choice("field", ERRATUM_FIELDS),
        rows=block.texts("rows"),
        printed=block.text("printed"),
        corrected=block.text("corrected"),
        changes_run=block.flag("changes_run"),
        evidence=block.texts("evidence"),
        note=block.text("note", ""),
    )
    block.finish()
    if erratum.field in (*STRUCTURE_METRICS, *DIFFERENCE_METRICS) and not is_printable(
        erratum.field, erratum.corrected
    ):  # differences are computed from corrected numbers
        raise ZooDataError(
            "field corrected",
            expected=expected_of(erratum.field),
            got=repr(erratum.corrected),
        )
    if not erratum.evidence:
        raise ZooDataError("field evidence", expected="at least one", got="none")
    return erratum
