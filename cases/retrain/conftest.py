"""Trains short recipes of the demo, only where this folder is named: it takes minutes.

``tox -e retrain`` names it, after the rows' own retrained cases. Where ``ZOO_CACHE`` is
their cache, their trainings are found finished.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.pipeline.measure.embedded import serving, with_training_scenes
from harness.pipeline.measure.known_datasets import known_datasets
from harness.pipeline.measure.settings import Settings
from harness.plugin.folders import is_named
from harness.registry.location import find_home
from harness.registry.recipes import open_recipes
from harness.registry.zoo import open_zoo
from testing.workshop import Workshop

FOLDER = "retrain"


def pytest_ignore_collect(
    collection_path: Path,
    config: pytest.Config,
) -> bool | None:
    """Leave a bare ``pytest``, and ``pytest cases``, without minutes of training."""
    return None if is_named(config, FOLDER) else True


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    place = tmp_path_factory.mktemp("retrain")
    home = find_home()
    zoo = open_zoo("demo", home=home)
    settings = Settings(
        cache=Path(os.environ.get("ZOO_CACHE") or place / "cache"),
        records=place / "records",
        data_root=None,
        known_datasets=known_datasets(zoo, home),
        debug=True,
    )
    with serving(zoo, settings) as served:
        yield Workshop(
            zoo=zoo,
            book=open_recipes("demo", home=home),
            settings=with_training_scenes(zoo, served, ["coco"]),
            folder=place,
        )


@pytest.fixture
def workshop(demo: Workshop, tmp_path: Path) -> Workshop:
    return replace(demo, folder=tmp_path)
