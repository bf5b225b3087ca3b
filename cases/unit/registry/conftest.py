import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from testing.zoos import copy_home

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
    """A copy of the January zoo, without its later edition, that a test may spoil."""
    home = tmp_path / "home"
    rows = Path("cases", "rows", "january-2020")
    shutil.copytree(REPOSITORY / rows, home / rows)
    shutil.copytree(REPOSITORY / "expected", home / "expected")
    (home / "expected" / "archives.lock.toml").unlink(missing_ok=True)
    for name in ("errata.toml", "tolerance.toml", "datasets.toml"):
        _drop_section(home / "expected" / name, "march-2020")
    return home


@pytest.fixture
def editions(tmp_path: Path) -> Path:
    """A copy of both editions that a test may spoil."""
    return copy_home(REPOSITORY, tmp_path / "editions", with_archives=False)


def _drop_section(path: Path, name: str) -> None:
    """Remove every block of one zoo from a TOML file that several share."""
    blocks = re.split(r"(?m)^(?=\[)", path.read_text(encoding="utf-8"))
    kept = [one for one in blocks if not re.match(rf"\[+{name}\.", one)]
    path.write_text("".join(kept), encoding="utf-8")


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
