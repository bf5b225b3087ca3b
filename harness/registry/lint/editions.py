"""Finds the other editions of a document, and says where two contradict each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.errors import ZooDataError
from harness.registry.block import read_toml
from harness.registry.lint.corrected import (
    corrected_claims,
    corrected_size,
    corrected_url,
    network_of,
)
from harness.registry.problems import noting
from harness.registry.sources import ZOO_FILE, ZooSources, sources_beside
from harness.registry.zoo import read_zoo
from harness.values.rows import Row, Zoo


def read_editions(sources: ZooSources, problems: list[ZooDataError]) -> tuple[Zoo, ...]:
    """Return the other editions of a zoo's document, by name.

    An edition says in its ``zoo.toml`` which zoo it is an ``edition_of``; all that name
    one zoo are editions of one document, as that zoo is itself. What is wrong with
    another edition is told when that one is linted.

    Args:
        sources: the zoo; a lone folder has no other editions beside it.
        problems: gets an edition of a zoo that is not there.
    """
    beside = {one.name: one for one in sources_beside(sources)}
    document = _document_of(sources)
    if document not in {sources.name, *beside}:
        problems.append(
            ZooDataError(
                f"{ZOO_FILE}: field edition_of",
                expected=" or ".join(sorted(beside)) or "no such field",
                got=document,
            )
        )
    return tuple(
        read_zoo(one).zoo
        for name, one in sorted(beside.items())
        if name != sources.name and _document_of(one) == document
    )


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


def _document_of(sources: ZooSources) -> str:
    """Return the zoo that names the document; the zoo itself when nothing is said."""
    path = sources.root / ZOO_FILE
    said: object = None
    if path.exists():
        with noting([]):  # told by whoever reads the zoo
            said = read_toml(path).get("edition_of")
    return said if isinstance(said, str) and said else sources.name


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
