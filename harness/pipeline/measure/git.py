"""Asks git about a checkout."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

#: A question to git takes milliseconds; this is for a file system that hangs.
PATIENCE_S = 60

#: Variables that point git at a repository, whatever folder it is told.
REPOSITORY = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"})


def run_git(checkout: Path, *words: str) -> bytes | None:
    """Return what git prints, or None where it refuses, hangs or is not installed.

    No shell takes part: each word is one argument. What the environment says of another
    repository, as it does inside a hook, is left out.
    """
    environment = {
        name: value for name, value in os.environ.items() if name not in REPOSITORY
    }
    try:
        ended = subprocess.run(  # noqa: S603 - a list of words, no shell
            ["git", "-C", str(checkout), *words],  # noqa: S607 - the user's own git
            capture_output=True,
            check=False,
            env=environment,
            timeout=PATIENCE_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout if ended.returncode == 0 else None


def user_name(checkout: Path) -> str:
    """Return who git says is working in a checkout, or an empty text."""
    told = run_git(checkout, "config", "user.name")
    return "" if told is None else told.decode("utf-8", "replace").strip()
