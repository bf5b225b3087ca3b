import gc
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.errors import LimitReached
from harness.process.child_start import kept_environment
from harness.process.limited_child import (
    ChildCrashed,
    ChildLimits,
    LimitedChild,
    resident_bytes_of,
)

SERVICE = """
import ctypes, json, os, signal, sys, time

def service():
    held = []

    def answer(question):
        word = bytes(question).decode()
        if word == "where":
            told = {"folder": os.getcwd(), "there": os.listdir("."),
                    "words": sorted(os.environ)}
            return json.dumps(told).encode()
        if word == "print":
            print("not an answer")
            return b"answer"
        if word.startswith("write "):
            try:
                with open(word[6:], "wb") as file:
                    file.write(b"x")
            except OSError as error:
                return str(error).encode()
            return b"written"
        if word == "segfault":
            signal.signal(signal.SIGSEGV, signal.SIG_DFL)
            ctypes.string_at(0)
        if word == "abort":
            os.abort()
        if word == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "raise":
            raise ValueError("something unforeseen")
        if word == "sleep":
            time.sleep(60)
        if word.startswith("take "):
            held.append(bytearray(int(word[5:]) << 20))
        if word.startswith("long "):
            return bytes(int(word[5:]))
        if word == "noise":
            os.write(2, b"x" * (1 << 20))
        return question[::-1].tobytes()

    return answer
"""


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Start a child of the service above, with 768 MB unless told otherwise."""
    (tmp_path / "told_service.py").write_text(SERVICE)
    monkeypatch.syspath_prepend(tmp_path)
    children = []

    def starting(memory_mb=768, *, watches_resident=False):
        limits = ChildLimits(
            memory_bytes=memory_mb << 20,
            memory_step="raise --memory if this machine has more",
            time_step="raise --seconds if that is little for this machine",
            watches_resident=watches_resident,
        )
        children.append(LimitedChild("told_service:service", limits=limits))
        return children[-1]

    yield starting
    for one in children:
        one.close()


def ask(child, *parts, limit_s=30.0, longest=1 << 16):
    return child.ask(parts, limit_s=limit_s, longest_answer_bytes=longest)


def test_a_child_answers_each_message(start):
    child = start()

    assert ask(child, b"ab", b"", b"cd") == b"dcba"
    assert ask(child, b"x" * (3 << 20), longest=4 << 20) == b"x" * (3 << 20)


def test_a_child_has_an_empty_folder_and_few_words_of_the_environment(
    start, monkeypatch
):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("PYTHONSTARTUP", "/nowhere.py")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")

    told = ask(start(), b"where").decode()

    assert '"there": []' in told
    assert str(Path.cwd()) not in told
    assert "CUDA_VISIBLE_DEVICES" in told
    assert "SECRET" not in told
    assert "PYTHONSTARTUP" not in told


def test_the_environment_of_a_child_names_no_folder_but_its_own(tmp_path):
    kept = kept_environment(
        {"HOME": "/home/anna", "TMPDIR": "/big", "FLAGS_x": "1", "SHELL": "sh"},
        tmp_path,
    )

    own = dict.fromkeys(("HOME", "TMPDIR", "TEMP", "TMP"), str(tmp_path))
    assert kept == {"FLAGS_x": "1", **own}


def test_a_child_writes_into_no_file(start, tmp_path):
    path = tmp_path / "written"

    assert b"File too large" in ask(start(), f"write {path}".encode())
    assert path.read_bytes() == b""


def test_what_a_child_prints_is_no_answer_and_never_blocks_it(start):
    child = start()

    assert ask(child, b"print") == b"answer"
    assert ask(child, b"noise") == b"esion"


@pytest.mark.parametrize(
    ("word", "name"), [(b"segfault", "SIGSEGV"), (b"abort", "SIGABRT")]
)
def test_a_crash_names_its_signal(start, word, name):
    with pytest.raises(ChildCrashed, match=f"^ended by {name}$"):
        ask(start(), word)


def test_a_kill_from_outside_is_no_crash(start):
    with pytest.raises(
        LimitReached,
        match=r"^child process ended from outside; expected an answer, got SIGKILL; "
        r"the system may have run out of memory: see its log$",
    ):
        ask(start(), b"killed")


def test_an_exception_in_the_child_is_told(start):
    with pytest.raises(
        LimitReached,
        match=r"ended by itself; expected an answer, got exit code 1: ValueError: som",
    ):
        ask(start(), b"raise")


def test_a_dead_child_stays_dead(start):
    child = start()
    with pytest.raises(ChildCrashed):
        ask(child, b"abort")

    with pytest.raises(ChildCrashed, match=r"^ended by SIGABRT$"):
        ask(child, b"ab")


def test_a_child_that_was_ended_says_why_again(start):
    child = start()
    why = r"^time of the child process; expected at most 0 s for this step, got more"
    with pytest.raises(LimitReached, match=why):
        ask(child, b"sleep", limit_s=0.1)

    with pytest.raises(LimitReached, match=why):
        ask(child, b"ab")


def test_the_address_space_is_bounded(start):
    child = start(memory_mb=768)

    assert ask(child, b"take 200")
    with pytest.raises(
        LimitReached,
        match=r"^memory of the child process; expected at most 768 MB, got no more to "
        r"be had; raise --memory if this machine has more$",
    ):
        ask(child, b"take 800")


def test_memory_that_is_watched_from_outside_is_bounded_too(start, monkeypatch):
    child = start(memory_mb=400, watches_resident=True)

    assert ask(child, b"take 200")
    monkeypatch.setattr(
        "harness.process.limited_child.resident_bytes_of", lambda pid: 401 << 20
    )
    with pytest.raises(
        LimitReached, match=r"memory .* at most 400 MB, got 401 MB in memory; raise"
    ):
        ask(child, b"sleep")


def test_what_lies_in_memory_is_told_of_this_process_and_of_none():
    assert resident_bytes_of(os.getpid()) > 1 << 20
    assert resident_bytes_of(0) == 0


def test_a_step_that_takes_too_long_ends_the_child(start, caplog):
    caplog.set_level(logging.INFO, logger="harness.process.limited_child")
    child = start()
    pid = child.pid

    with pytest.raises(
        LimitReached,
        match=r"^time of the child process; expected at most 0 s for this step, got "
        r"more; raise --seconds if that is little for this machine$",
    ):
        ask(child, b"sleep", limit_s=0.1)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    begun, ended = caplog.messages
    assert begun.startswith(f"child {pid} started for ")
    assert ended.startswith(f"child {pid} is ended: time of the child process; ")


def test_a_child_that_drips_or_does_not_read_has_no_more_time(tmp_path, monkeypatch):
    (tmp_path / "odd_service.py").write_text(
        "import os, time\n"
        "def dripping():\n"
        "    while True:\n"
        "        os.write(3, b'\\1'), time.sleep(0.01)\n"  # its dup of stdout
        "def deaf():\n"
        "    time.sleep(60)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    limits = ChildLimits(memory_bytes=1 << 30, memory_step="", time_step="")
    for service in ("dripping", "deaf"):
        child = LimitedChild(f"odd_service:{service}", limits=limits)
        with pytest.raises(LimitReached, match=r"^time of the child process; expected"):
            ask(child, b"x" * (8 << 20), limit_s=1.0, longest=1 << 62)


def test_an_answer_has_a_longest_length(start):
    child = start()

    assert len(ask(child, b"long 1000", longest=1000)) == 1000
    with pytest.raises(
        LimitReached, match=r"^answer of .*; expected at most 1000 bytes, got 1001$"
    ):
        ask(child, b"long 1001", longest=1000)


def test_a_child_ends_when_nobody_holds_it_any_more(start, tmp_path, monkeypatch):
    limits = ChildLimits(memory_bytes=1 << 30, memory_step="", time_step="")
    child = LimitedChild("told_service:service", limits=limits)
    ask(child, b"ab")
    pid = child.pid

    del child
    gc.collect()

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_child_ends_when_its_parent_is_killed(tmp_path):
    (tmp_path / "told_service.py").write_text(SERVICE)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from harness.process.limited_child import ChildLimits, LimitedChild\n"
        "limits = ChildLimits(memory_bytes=1 << 30, memory_step='', time_step='')\n"
        "child = LimitedChild('told_service:service', limits=limits)\n"
        "child.ask([b'ab'], limit_s=30, longest_answer_bytes=99)\n"
        "print(child.pid, flush=True)\n"
        "child.ask([b'sleep'], limit_s=60, longest_answer_bytes=99)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()

    for _ in range(200):
        if not Path(f"/proc/{pid}").exists() or "Z" in _state(pid):
            return
        time.sleep(0.1)
    raise AssertionError(f"{pid} goes on")


def _state(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
