"""A unit test that hangs ends, with its stack; a row never does."""

from __future__ import annotations

from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")

HANGS = """
import threading


def test_that_waits_for_nobody():
    threading.Event().wait()


def test_that_comes_after_it():
    assert True
"""
#: Longer than the limit of the unit tests beside it.
TAKES_LONG = """
import time


def test_row():
    time.sleep(1.5)
"""


@pytest.fixture
def cases(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with our conftest above its unit tests, a limit of 1 s, and a row."""
    pytest.importorskip("pytest_timeout", reason="the limit is of the extra `test`")
    limit, text = "LIMIT_S = 300", CONFTEST.read_text(encoding="utf-8")
    assert text.count(limit) == 1
    (unit, zoo) = (pytester.mkdir(name) for name in ("unit", "zoo"))
    (unit / "conftest.py").write_text(text.replace(limit, "LIMIT_S = 1"))
    (unit / "test_hangs.py").write_text(HANGS)
    (zoo / "test_row.py").write_text(TAKES_LONG)
    return pytester


def test_a_unit_test_that_hangs_ends_with_its_stack_and_a_row_has_no_limit(
    cases: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # it starts in a second
    plain = ("-p", "timeout", "-p", "no:cacheprovider", "--import-mode=importlib")
    told = cases.runpytest_subprocess(*plain, "unit", "zoo", timeout=120)

    told.assert_outcomes(failed=1, passed=2)
    told.stdout.fnmatch_lines(
        [
            "*test_that_waits_for_nobody*",
            "*threading.Event().wait()*",
            "*Failed: Timeout*1.0s*",
        ]
    )


def test_every_unit_test_has_the_limit(request: pytest.FixtureRequest) -> None:
    pytest.importorskip("pytest_timeout", reason="the limit is of the extra `test`")
    if request.config.getoption("timeout") is not None:
        pytest.skip("--timeout was given: its limit holds")
    marker = request.node.get_closest_marker("timeout")

    assert marker is not None
    assert marker.args == (300,)
