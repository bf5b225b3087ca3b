"""A pytest session in, what writes a line past its capture out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.printable import printable


def line_writer(config: pytest.Config) -> Callable[[str], None]:
    """Return what writes a line on the terminal while a test runs."""
    capture = config.pluginmanager.getplugin("capturemanager")
    reporter = config.pluginmanager.getplugin("terminalreporter")

    def write(line: str) -> None:
        if reporter is None:  # a worker of pytest-xdist has no terminal
            return
        with capture.global_and_fixture_disabled():
            reporter.ensure_newline()
            reporter.write_line(printable(line))

    return write
