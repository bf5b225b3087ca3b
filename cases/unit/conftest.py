"""How detections of two runtimes are compared, and hostile files opened."""

import importlib
import importlib.util
import os
import pkgutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import harness

#: Runs the given lines, and tells the refusal and what memory they took beyond what
#: was there before. A wrong limit must not take the machine's memory: 4 GB end it.
CHILD = """
import resource, sys
from pathlib import Path
from harness.errors import HarnessError

def held_bytes(word):
    for line in open("/proc/self/status"):
        if line.startswith(word):
            return int(line.split()[1]) * 1024

resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
path = Path(sys.argv[1])
{before}
held = held_bytes("VmRSS")
try:
    {lines}
    told = "not refused"
except HarnessError as error:
    told = str(error)
print(held_bytes("VmHWM") - held)
print(told)
"""


#: After which a test ends and its stack is shown. Tests take seconds; the rest is for
#: a machine that is busy. ``--timeout N`` gives every test another limit, 0 none.
LIMIT_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """How a child process fared with a file."""

    told: str  # the refusal, or "not refused"
    took_bytes: int  # memory, beyond what it held before


def pytest_configure(config):
    """Hear Ctrl-C; choose hypothesis' own profile without deadlines: none is timed.

    Not by an option in ``pyproject.toml``: rows are measured without hypothesis too.
    """
    # A shell starts its background jobs deaf to Ctrl-C, and tests send one.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if importlib.util.find_spec("hypothesis") is None:
        return
    if config.getoption("--hypothesis-profile", None) is None:
        from hypothesis import settings

        settings.load_profile("ci")


def pytest_itemcollected(item):
    """Give each unit test its limit; no row has one, which may take hours on a GPU.

    pytest asks this conftest about items of its own folder only. Not by an option in
    ``pyproject.toml``: it would hold for rows too.
    """
    config = item.config
    if (
        config.pluginmanager.hasplugin("timeout")  # the extra `test` has it
        and config.getoption("timeout") is None
        and item.get_closest_marker("timeout") is None
    ):
        item.add_marker(pytest.mark.timeout(LIMIT_S))


@pytest.fixture(scope="session")
def all_modules() -> None:
    """Load every module of the house.

    A pytest within this one forgets the modules that it was the first to import: each
    of a hundred runs would read half of the house again.
    """
    for module in pkgutil.walk_packages(harness.__path__, "harness."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _open_in_a_child(path, lines, *, before=""):
    code = CHILD.format(before=before, lines=lines.replace("\n", "\n    "))
    root = Path(harness.__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,  # what hangs must end
    )
    assert done.returncode == 0, done.stderr
    took, _, told = done.stdout.partition("\n")
    return Opened(told=told.strip(), took_bytes=int(took))


@pytest.fixture(scope="session")
def open_in_a_child():
    """Return a function: a file and the lines that read ``path`` in, what came out."""
    if not Path("/proc/self/status").is_file():
        pytest.skip("memory is read from /proc")
    return _open_in_a_child


def _unmatched_rows(found, expected, *, score, box_px):
    """Return the rows of each side that the other does not have."""
    left = [tuple(one) for one in found.tolist()]
    missing = []
    for row in expected.tolist():
        near = [
            one
            for one in left
            if one[0] == row[0]
            and abs(one[1] - row[1]) <= score
            and max(abs(a - b) for a, b in zip(one[2:], row[2:], strict=True)) <= box_px
        ]
        if near:
            left.remove(near[0])
        else:
            missing.append(tuple(row))
    return left, missing


@pytest.fixture(scope="session")
def unmatched_rows():
    """Compare ``[K, 6]`` rows of detections, in any order.

    Scores of the goldens come as near to each other as 5e-6, and another processor may
    rank two such rows the other way round.
    """
    return _unmatched_rows
