"""Refuses a release whose version has no dated section in CHANGELOG.md, or another tag.

Run by ``tox -e release``. On a runner the tag is read from the environment, never from
a line of the shell.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import harness

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"
DATED = r"^## (\d+\.\d+\.\d+) \((\d{4}-\d{2}-\d{2})\)$"


def refusals(version: str, changelog: str, tag: str | None) -> list[str]:
    """Return why a version is not to be released; nothing where it is.

    Args:
        version: of the harness.
        changelog: the text of CHANGELOG.md.
        tag: what was tagged, if anything was.
    """
    told = []
    newest = re.search(DATED, changelog, flags=re.MULTILINE)
    if newest is None or newest[1] != version:
        told.append(
            f"CHANGELOG.md: newest dated section; expected ## {version} (YYYY-MM-DD), "
            f"got {newest[0] if newest else 'none'}; move what is under Unreleased "
            "there, or correct harness/__init__.py"
        )
    if tag is not None and tag != f"v{version}":
        told.append(
            f"tag: name; expected v{version}, got {tag!r}; tag the commit whose "
            "harness/__init__.py has that version"
        )
    return told


def main() -> int:
    """Print every refusal, and return 1 where there is one."""
    tagged = os.environ.get("GITHUB_REF_TYPE") == "tag"
    told = refusals(
        harness.__version__,
        CHANGELOG.read_text(encoding="utf-8"),
        os.environ.get("GITHUB_REF_NAME", "") if tagged else None,
    )
    sys.stderr.writelines(f"{one}\n" for one in told)
    return int(bool(told))


if __name__ == "__main__":
    sys.exit(main())
