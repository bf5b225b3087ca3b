"""Applies the errata of a zoo to what its document prints.

Tables are compared with each other as corrected. A difference that an erratum explains
then adds up, and a wrong correction is found as any other slip is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.values.rows import Claim, Row, Zoo


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What a row measures, whatever its input size."""

    architecture: str
    backbone: str
    dataset: str
    strategy: str


def network_of(row: Row) -> Network:
    """Return the network that a row is of."""
    return Network(
        architecture=row.architecture,
        backbone=row.backbone,
        dataset=row.dataset,
        strategy=row.strategy,
    )


def corrected_size(zoo: Zoo, row: Row) -> int:
    """Return the input size of a row, in pixels."""
    corrected = _corrected(zoo, row, "input_px", str(row.input_px))
    return int(corrected) if corrected.isdecimal() else row.input_px


def corrected_url(zoo: Zoo, row: Row) -> str:
    """Return the address of a row's archive; none for an archive nobody declares."""
    archive = zoo.archives.get(row.archive)
    return "" if archive is None else _corrected(zoo, row, "url", archive.url)


def corrected_claims(zoo: Zoo, row: Row) -> tuple[Claim, ...]:
    """Return all claims of a row."""
    return tuple(
        replace(one, printed=_corrected(zoo, row, one.metric, one.printed))
        for one in zoo.claims[row.row_id]
    )


def _corrected(zoo: Zoo, row: Row, field: str, printed: str) -> str:
    for erratum in zoo.errata_of(row.row_id):
        if erratum.field == field and erratum.printed == printed:
            return erratum.corrected
    return printed
