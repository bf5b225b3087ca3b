import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]

Edit = Callable[..., None]


@pytest.fixture
def repository() -> Path:
    return REPOSITORY


@pytest.fixture
def data() -> Path:
    return REPOSITORY / "cases" / "unit" / "data" / "registry"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A copy of the January zoo that a test may spoil."""
    home = tmp_path / "home"
    rows = Path("cases", "rows", "january-2020")
    shutil.copytree(REPOSITORY / rows, home / rows)
    shutil.copytree(REPOSITORY / "expected", home / "expected")
    (home / "expected" / "archives.lock.toml").unlink(missing_ok=True)
    return home


@pytest.fixture
def edit(home: Path) -> Edit:
    """Replace the first ``old`` of a file of the copy by ``new``."""

    def replace(path: str, old: str, new: str) -> None:
        folder = home if "/" in path else home / "cases" / "rows" / "january-2020"
        file = folder / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    return replace
