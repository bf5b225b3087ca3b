"""Reads the known facts of published datasets: counts, class names, digests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.errors import ZooDataError, located
from harness.registry.block import Block, read_toml, table_of
from harness.registry.problems import noting
from harness.values.datasets import KnownDataset
from harness.values.rows import METRICS_OF_DATASET


def read_known_datasets(
    path: Path, problems: list[ZooDataError] | None = None
) -> Mapping[str, Mapping[str, KnownDataset]]:
    """Return zoo -> dataset -> what is known of it; a missing file knows nothing.

    Args:
        path: the TOML file, with tables ``[<zoo>.<dataset>]``.
        problems: gets what is malformed, which is then left out.

    Raises:
        ZooDataError: something is malformed, and there is no list to note it in.
    """
    facts: dict[str, dict[str, KnownDataset]] = {}
    document: Mapping[str, object] = {}
    if not path.exists():
        return facts
    with noting(problems):
        document = read_toml(path)
    for zoo, section in document.items():
        place = f"section {zoo}"
        entries: Mapping[str, object] = {}
        with noting(problems), located(path.name), located(place):
            entries = table_of(section, "its content")
        for dataset, values in entries.items():
            with noting(problems), located(path.name), located(f"{place}.{dataset}"):
                facts.setdefault(zoo, {})[dataset] = _parse_known(dataset, values)
    return facts


def read_own_datasets(
    path: Path, problems: list[ZooDataError] | None = None
) -> Mapping[str, KnownDataset]:
    """Return dataset -> what is known of it, of a file that is one zoo's alone.

    Args:
        path: the TOML file, with tables ``[<dataset>]``.
        problems: gets what is malformed, which is then left out.

    Raises:
        ZooDataError: something is malformed, and there is no list to note it in.
    """
    facts: dict[str, KnownDataset] = {}
    document: Mapping[str, object] = {}
    if not path.exists():
        return facts
    with noting(problems):
        document = read_toml(path)
    for dataset, values in document.items():
        with noting(problems), located(path.name), located(f"section {dataset}"):
            facts[dataset] = _parse_known(dataset, values)
    return facts


def _parse_known(dataset: str, values: object) -> KnownDataset:
    if dataset not in METRICS_OF_DATASET:
        raise ZooDataError(
            "name of the dataset",
            expected=" or ".join(METRICS_OF_DATASET),
            got=repr(dataset),
        )
    block = Block(table_of(values, "its content"))
    facts = KnownDataset(
        image_count=block.optional_whole("image_count", at_least=1),
        annotation_count=block.optional_whole("annotation_count", at_least=0),
        training_image_count=block.optional_whole("training_image_count", at_least=1),
        class_names=block.optional_texts("class_names"),
        fingerprint=block.optional_sha256("fingerprint"),
        truth_sha256=block.optional_sha256("truth_sha256"),
    )
    block.finish()
    if facts.class_names and len(set(facts.class_names)) < len(facts.class_names):
        raise ZooDataError(
            "field class_names",
            expected="each class once",
            got=", ".join(facts.class_names),
            next_step="take out the name that is there twice",
        )
    return facts
