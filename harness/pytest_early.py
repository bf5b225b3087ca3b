"""Command-line words in, the zoo's options joined to their values out.

pytest chooses its root folder before any conftest is read, and takes the value of an
option that it does not know yet for a test path: ``pytest -m coco --data-root /data``
would root itself at ``/data`` and never see this project. Joined
(``--data-root=/data``) the value is no path to it. As an entry point this module is
loaded in time; it registers no option, and does nothing outside a checkout.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pluggy

hookimpl = pluggy.HookimplMarker("pytest")

#: Options of the plugin that take a value.
VALUED = (
    "--zoo",
    "--data-root",
    "--zoo-cache",
    "--records",
    "--mirror",
    "--retrain",
    "--limit",
    "--max-image-pixels",
    "--coco-engine",
    "--precision",
    "--program-memory",
    "--program-seconds",
)


def join_values(words: Sequence[str]) -> list[str]:
    """Return the words with ``--option value`` of the zoo as ``--option=value``."""
    joined: list[str] = []
    rest = iter(words)
    for word in rest:
        value = next(rest, None) if word in VALUED else None
        joined.append(word if value is None else f"{word}={value}")
    return joined


@hookimpl(wrapper=True, tryfirst=True)  # type: ignore[untyped-decorator, unused-ignore]
def pytest_load_initial_conftests(early_config: Any) -> Generator[None, Any, Any]:
    """Start over with joined words where they were not; before output is captured."""
    words = list(early_config.invocation_params.args)
    joined = join_values(words)
    if joined != words and _is_checkout(early_config.invocation_params.dir):
        import pytest

        raise SystemExit(pytest.main(joined))
    return (yield)


def _is_checkout(folder: Path) -> bool:
    conftest = folder / "conftest.py"
    return conftest.is_file() and "harness.pytest_zoo" in conftest.read_text("utf-8")
