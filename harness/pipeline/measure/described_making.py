"""The day and the code that runs in, what a record says of its making out."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import harness
from harness.pipeline.measure.git import run_git
from harness.values.records import UNKNOWN_COMMIT, Made

#: Follows the commit where files that git knows were changed since.
WITH_CHANGES = " with changes"


def describe_making() -> Made:
    """Return today, and the version and commit of the harness that runs."""
    return Made(
        date=dt.datetime.now(tz=dt.UTC).date().isoformat(),
        harness=harness.__version__,
        commit=commit_of(Path(harness.__file__).resolve().parents[1]),
    )


def commit_of(checkout: Path) -> str:
    """Return the commit that a checkout is at, or ``UNKNOWN_COMMIT`` where none is.

    A folder that merely lies inside somebody's repository, as an installed package may,
    is no checkout.
    """
    if not (checkout / ".git").exists():
        return UNKNOWN_COMMIT
    commit = run_git(checkout, "rev-parse", "--verify", "HEAD")
    changes = run_git(checkout, "status", "--porcelain", "--untracked-files=no")
    if commit is None or changes is None:
        return UNKNOWN_COMMIT
    return commit.decode().strip() + (WITH_CHANGES if changes.strip() else "")
