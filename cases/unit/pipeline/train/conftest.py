"""The toy zoo, ready to be trained."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.pipeline.train import trained
from testing.toy_zoo import Toy, draw_images, write_toy

#: Of a training that nobody estimates.
NO_PLAN = SimpleNamespace(memory_warning=None)


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root of drawn scenes; to be read only."""
    root = tmp_path_factory.mktemp("toy-data")
    draw_images(root)
    return root


@pytest.fixture
def toy(request: pytest.FixtureRequest, images: Path, tmp_path: Path) -> Toy:
    return write_toy(tmp_path, home=request.config.rootpath, images=images)


@pytest.fixture
def untimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a training begin whatever it takes: a trial of its step takes seconds."""
    monkeypatch.setattr(trained, "plan_training", lambda *_, **__: NO_PLAN)
    monkeypatch.setattr(trained, "demand_hours", lambda *_: None)
