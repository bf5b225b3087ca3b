"""A zoo's files in, the other editions of its document out."""

from __future__ import annotations

from harness.errors import ZooDataError
from harness.registry.block import read_toml
from harness.registry.problems import noting
from harness.registry.sources import ZOO_FILE, ZooSources, sources_beside
from harness.registry.zoo import read_zoo
from harness.values.rows import Zoo


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


def _document_of(sources: ZooSources) -> str:
    """Return the zoo that names the document; the zoo itself when nothing is said."""
    path = sources.root / ZOO_FILE
    said: object = None
    if path.exists():
        with noting([]):  # told by whoever reads the zoo
            said = read_toml(path).get("edition_of")
    return said if isinstance(said, str) and said else sources.name
