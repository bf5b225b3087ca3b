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

    An edition names another zoo as ``edition_of`` in its ``zoo.toml``. That zoo, and
    all that name it, are editions of one document. Problems of another edition are told
    when that one is checked.

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
    """Return the zoo that names the document; the zoo itself if it names no other."""
    path = sources.root / ZOO_FILE
    named: object = None
    if path.exists():
        with noting([]):  # told by whoever reads the zoo
            named = read_toml(path).get("edition_of")
    return named if isinstance(named, str) and named else sources.name


def _compare(zoo: Zoo, row: Row, other: Zoo, same: list[Row]) -> Iterator[ZooDataError]:
    if not same:
        return
    place = f"{row.table}.toml: row {row.row_id}"
    sizes = {corrected_size(other, one): one for one in same}
    twin = sizes.get(corrected_size(zoo, row))
    if twin is None:
        if set(sizes) & {corrected_size(zoo, one) for one in _siblings(zoo, row)}:
            return  # it prints some of our sizes, and simply not this one
        yield ZooDataError(
            f"{place}: field input_px",
            expected=" or ".join(map(str, sizes)) + f", as {other.name} prints",
            got=corrected_size(zoo, row),
            next_step="an erratum of either edition explains it",
        )
        return
    url, other_url = corrected_url(zoo, row), corrected_url(other, twin)
    if url != other_url:
        yield ZooDataError(
            f"{place}: field url",
            expected=f"{other_url}, as {other.name} prints",
            got=url,
            next_step="an erratum of either edition explains it",
        )
    theirs = {one.metric: one for one in corrected_claims(other, twin)}
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
    url = corrected_url(zoo, row)
    theirs = [one for one in other.rows if corrected_url(other, one) == url]
    if theirs and network_of(row) not in map(network_of, theirs):
        yield ZooDataError(
            f"{row.table}.toml: row {row.row_id}: field url",
            expected=f"an address that {other.name} does not print for "
            f"{theirs[0].row_id}",
            got=url,
            next_step="one link cannot serve two networks",
        )


def _siblings(zoo: Zoo, row: Row) -> list[Row]:
    return [one for one in zoo.rows if network_of(one) == network_of(row)]
