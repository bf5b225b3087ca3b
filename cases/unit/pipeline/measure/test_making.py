import datetime as dt
import os
import subprocess
from pathlib import Path

import pytest

import harness
from harness.pipeline.measure.environment import commit_of, describe_making
from harness.pipeline.measure.git import run_git, user_name
from harness.values.records import UNKNOWN_COMMIT


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@b.example")
    ended = subprocess.run(
        ["git", "-C", folder, *identity, *words],
        check=True,
        capture_output=True,
        text=True,
        env={key: one for key, one in os.environ.items() if key[:4] != "GIT_"},
    )
    return ended.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "file").write_text("one")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "--quiet", "--message", "m")
    return tmp_path


def test_a_checkout_is_at_its_commit(checkout: Path) -> None:
    (checkout / "untracked").write_text("two")

    assert commit_of(checkout) == git(checkout, "rev-parse", "HEAD")


def test_a_changed_file_is_told(checkout: Path) -> None:
    (checkout / "file").write_text("two")

    assert commit_of(checkout) == f"{git(checkout, 'rev-parse', 'HEAD')} with changes"


def test_a_package_inside_somebodys_repository_is_of_no_commit(checkout: Path) -> None:
    installed = checkout / "site-packages"
    installed.mkdir()

    assert commit_of(installed) == "unknown"


def test_without_git_no_commit_is_invented(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")

    assert commit_of(checkout) == "unknown"
    assert run_git(checkout, "status") is None
    assert user_name(checkout) == ""


def test_a_hook_of_another_repository_changes_nothing(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(checkout / "nowhere"))

    assert commit_of(checkout) == git(checkout, "rev-parse", "HEAD")


def test_a_making_is_of_today_and_of_this_version() -> None:
    before = dt.datetime.now(tz=dt.UTC).date()
    made = describe_making()

    assert dt.date.fromisoformat(made.date) - before in (
        dt.timedelta(0),
        dt.timedelta(1),
    )
    assert made.harness == harness.__version__


def test_a_checkout_without_a_commit_has_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")

    assert commit_of(tmp_path) == UNKNOWN_COMMIT
