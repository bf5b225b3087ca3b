"""What is released has a dated section in the changelog, and the tag of its version."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import harness

SCRIPT = Path(__file__).parents[1] / "release" / "dated_version.py"
CHANGELOG = (
    "# Changelog\n\n## Unreleased\n\n## 0.2.0 (2026-11-27)\n\n## 0.1.0 (2026-01-01)\n"
)


@pytest.fixture(scope="module")
def refusals():
    spec = importlib.util.spec_from_file_location("dated_version", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.refusals


@pytest.mark.parametrize("tag", ["v0.2.0", None])
def test_the_newest_dated_version_may_be_released(refusals, tag):
    assert refusals("0.2.0", CHANGELOG, tag) == []


@pytest.mark.parametrize("version", ["0.1.0", "0.2.1", "0.2", "0.2.0.dev1"])
def test_another_version_may_not(refusals, version):
    (told,) = refusals(version, CHANGELOG, None)

    assert f"expected ## {version} (YYYY-MM-DD), got ## 0.2.0 (2026-11-27); " in told


@pytest.mark.parametrize(
    "heading", ["## 0.2.0", "## 0.2.0 (unreleased)", "### 0.2.0 (2026-11-27)", ""]
)
def test_a_section_without_a_date_is_none(refusals, heading):
    (told,) = refusals("0.2.0", f"# Changelog\n\n{heading}\n", None)

    assert told.startswith("CHANGELOG.md: newest dated section; expected ## 0.2.0 (")
    assert "got none; move what is under Unreleased there" in told


@pytest.mark.parametrize("tag", ["0.2.0", "v0.2.1", "v0.2.0\n", ""])
def test_a_tag_of_another_name_is_refused(refusals, tag):
    (told,) = refusals("0.2.0", CHANGELOG, tag)

    assert told == (
        f"tag: name; expected v0.2.0, got {tag!r}; tag the commit whose "
        "harness/__init__.py has that version"
    )


@pytest.mark.parametrize(
    ("kind", "is_told"), [("tag", True), ("branch", False), ("", False)]
)
def test_the_tag_is_read_from_the_runners_environment(kind, is_told):
    ended = subprocess.run(
        [sys.executable, SCRIPT],
        env={
            "PYTHONPATH": str(Path(harness.__file__).parents[1]),
            "GITHUB_REF_TYPE": kind,
            "GITHUB_REF_NAME": "v9.9.9; rm",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert ("got 'v9.9.9; rm'" in ended.stderr) is is_told
    assert "Traceback" not in ended.stderr
    assert ended.returncode == int(bool(ended.stderr))
