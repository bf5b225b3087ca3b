"""Two editions of one document in; where they contradict each other out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.errors import ZooDataError
from harness.registry.lint.corrected import (
    corrected_claims,
    corrected_size,
    corrected_url,
    network_of,
)
from harness.values.rows import Row, Zoo


def edition_problems(zoo: Zoo, others: Iterable[Zoo]) -> Iterator[ZooDataError]:
    """Yield rows that another edition prints otherwise, errata of both applied.

    A row is found again by its network and input size. One whose network the other
    edition prints at other sizes alone has a wrong size here or there.
    """
    for other in others:
        for row in zoo.rows:
            same = [one for one in other.rows if network_of(one) == network_of(row)]
            yield from _compare(zoo, row, other, same)
            yield from _compare_link(zoo, row, other)


def _compare(zoo: Zoo, row: Row, other: Zoo, same: list[Row]) -> Iterator[ZooDataError]:
    if not same:
        return
    place = f"{row.table}.toml: row {row.row_id}"
    sizes = {corrected_size(other, one): one for one in same}
    found = sizes.get(corrected_size(zoo, row))
    if found is None:
        if set(sizes) & {corrected_size(zoo, one) for one in _siblings(zoo, row)}:
            return  # it prints some of our sizes, and simply not this one
        yield ZooDataError(
            f"{place}: field input_px",
            expected=" or ".join(map(str, sizes)) + f", as {other.name} prints",
            got=corrected_size(zoo, row),
            next_step="an erratum of either edition explains it",
        )
        return
    here, there = corrected_url(zoo, row), corrected_url(other, found)
    if here != there:
        yield ZooDataError(
            f"{place}: field url",
            expected=f"{there}, as {other.name} prints",
            got=here,
            next_step="an erratum of either edition explains it",
        )
    theirs = {one.metric: one for one in corrected_claims(other, found)}
    for claim in corrected_claims(zoo, row):
        printed = theirs.get(claim.metric, claim).printed
        if claim.printed != printed:
            yield ZooDataError(
                f"{place}: field {claim.metric}",
                expected=f"{printed}, as {other.name} prints",
                got=claim.printed,
                next_step="an erratum of either edition explains it",
            )


def _compare_link(zoo: Zoo, row: Row, other: Zoo) -> Iterator[ZooDataError]:
    """Yield a link behind which the other edition has another network."""
    here = corrected_url(zoo, row)
    theirs = [one for one in other.rows if corrected_url(other, one) == here]
    if theirs and network_of(row) not in map(network_of, theirs):
        yield ZooDataError(
            f"{row.table}.toml: row {row.row_id}: field url",
            expected=f"an address that {other.name} does not print for "
            f"{theirs[0].row_id}",
            got=here,
            next_step="one link cannot serve two networks",
        )


def _siblings(zoo: Zoo, row: Row) -> list[Row]:
    return [one for one in zoo.rows if network_of(one) == network_of(row)]
