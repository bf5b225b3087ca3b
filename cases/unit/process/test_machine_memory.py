"""How much memory there is, and how much was taken."""

import subprocess
import sys
from pathlib import Path

import pytest

from harness.process import machine_memory
from harness.process.machine_memory import machine_memory_bytes

MACHINE_BYTES = 1000 * 4096


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[Path, Path]:
    """A machine of 1000 pages, and where its container's limits would stand."""
    names = {"SC_PHYS_PAGES": 1000, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(machine_memory.os, "sysconf", names.__getitem__)
    paths = tmp_path / "memory.max", tmp_path / "memory.limit_in_bytes"
    monkeypatch.setattr(machine_memory, "CONTAINER_LIMITS", paths)
    return paths


def test_without_a_container_it_is_the_machines(limits: tuple[Path, Path]) -> None:
    assert machine_memory_bytes() == MACHINE_BYTES
    limits[0].write_text("max\n")
    assert machine_memory_bytes() == MACHINE_BYTES


@pytest.mark.parametrize("place", [0, 1])
def test_a_container_has_what_it_was_given_and_no_more_than_there_is(
    limits: tuple[Path, Path], place: int
) -> None:
    limits[place].write_text(f"{MACHINE_BYTES - 1}\n")
    assert machine_memory_bytes() == MACHINE_BYTES - 1
    limits[place].write_text(f"{MACHINE_BYTES + 1}\n")
    assert machine_memory_bytes() == MACHINE_BYTES


def test_a_system_that_does_not_say_is_not_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def sysconf(_name: str) -> int:
        raise ValueError("unrecognized configuration name")

    monkeypatch.setattr(machine_memory.os, "sysconf", sysconf)
    assert machine_memory_bytes() is None


def test_the_peak_of_a_process_stays_when_memory_is_given_back() -> None:
    # in a process of its own: the peak of this one may be any
    code = (
        "from harness.process.machine_memory import peak_memory_bytes as peak; "
        "before = peak(); taken = bytearray(256 << 20); del taken; "
        "print(before, peak())"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    before, after = ran.stdout.split()
    if before == b"None":
        pytest.skip("this system does not tell a process its peak")

    assert int(after) > int(before) + (192 << 20)  # the system counts in lumps
    assert int(after) < int(before) + (384 << 20)
