"""A zoo in, what is known of the datasets its numbers were measured on out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.pipeline.embedded import read_embedded
from harness.registry.datasets import KnownDataset, read_known_datasets
from harness.rows import Zoo

FACTS = Path("expected", "datasets.toml")


def known_datasets(zoo: Zoo, home: Path) -> Mapping[str, KnownDataset]:
    """Return dataset -> what is known of it; an embedded zoo knows what it draws.

    Args:
        zoo: the edition.
        home: holds ``expected/datasets.toml``.

    Raises:
        ZooDataError: a file is malformed.
    """
    embedded = read_embedded(zoo)
    if embedded is not None:
        return {
            name: KnownDataset(fingerprint=one.fingerprint)
            for name, one in embedded.scenes.items()
        }
    return read_known_datasets(home / FACTS).get(zoo.name, {})
