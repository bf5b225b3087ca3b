"""Reads where the archives of the published datasets are: ``dataset_sources.toml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harness.errors import ZooDataError, located
from harness.registry.block import Block, read_toml, table_of
from harness.registry.location import DATASET_SOURCES
from harness.values.rows import METRICS_OF_DATASET

SOURCES_FILE = DATASET_SOURCES.name

_DIGEST = re.compile(r"md5:[0-9a-f]{32}|sha1:[0-9a-f]{40}|sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPart:
    """What one archive brings to a data root."""

    dataset: str  # "coco"
    name: str  # "val2017"
    split: str  # "val": what is asked for together
    holds: str  # in words
    url: str  # the official address
    mirrors: tuple[str, ...]  # other addresses of the same bytes
    size_bytes: int | None  # of the archive; None when it is not known
    digests: tuple[str, ...]  # "md5:...": one that matches is enough
    below: str  # the folder of the data root that the archive's paths lie in; "." is it
    takes: tuple[str, ...]  # paths in the archive; the rest is left out
    files: Mapping[str, int]  # path below the data root -> how many files, or 1 for one
    list_path: str | None  # lists stems, one a line, below the data root
    listed: tuple[str, ...]  # what each stem stands for: "VOCdevkit/.../{}.jpg"

    @property
    def file_name(self) -> str:
        """The name of the archive."""
        return self.url.rpartition("/")[2]


def read_dataset_sources(path: Path) -> tuple[DataPart, ...]:
    """Return the parts of every dataset, in the file's order; none without the file.

    Raises:
        ZooDataError: something is malformed.
    """
    parts: list[DataPart] = []
    if not path.exists():
        return ()
    for dataset, section in read_toml(path).items():
        with located(path.name), located(dataset):
            if dataset not in METRICS_OF_DATASET:
                raise ZooDataError(
                    "name of the dataset",
                    expected=" or ".join(METRICS_OF_DATASET),
                    got=repr(dataset),
                )
            for name, values in table_of(section, "its content").items():
                with located(name):
                    parts.append(_parse(dataset, name, table_of(values, name)))
    return tuple(parts)


def _parse(dataset: str, name: str, values: Mapping[str, object]) -> DataPart:
    block = Block(values)
    part = DataPart(
        dataset=dataset,
        name=name,
        split=block.text("split"),
        holds=block.text("holds"),
        url=block.text("url"),
        mirrors=block.optional_texts("mirrors") or (),
        size_bytes=block.optional_whole("size_bytes", at_least=1),
        digests=block.optional_texts("digests") or (),
        below=block.text("below", "."),
        takes=block.texts("takes"),
        files=_counts(block.table("files")),
        list_path=block.optional_text("list"),
        listed=block.optional_texts("listed") or (),
    )
    block.finish()
    for digest in part.digests:
        if not _DIGEST.fullmatch(digest):
            raise ZooDataError(
                "field digests", expected="md5:, sha1: or sha256:", got=repr(digest)
            )
    paths = (part.below, *part.takes, *part.files, *part.listed, part.list_path or ".")
    for one in paths:
        if PurePosixPath(one).is_absolute() or ".." in PurePosixPath(one).parts:
            raise ZooDataError(
                "a path", expected="one below the data root", got=repr(one)
            )
    return part


def _counts(values: Mapping[str, object]) -> dict[str, int]:
    counts = Block(values)
    return {path: counts.whole(path, at_least=1) for path in values}
