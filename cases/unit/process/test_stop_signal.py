"""SIGTERM as Ctrl-C: in a block, and in a command of its own."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from harness.process.stop_signal import stopping

#: A command that works until it is signalled, by the real `main`.
CHILD = """
import sys, time
from harness import __main__ as zoo

@zoo.app.command("wait")
def wait() -> None:
    print("ready", flush=True)
    time.sleep(60)

sys.argv = ["zoo", "wait"]
zoo.main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_block_and_the_handlers_come_back(number: int) -> None:
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(KeyboardInterrupt), stopping() as stop:
        os.kill(os.getpid(), number)

    assert (stop.number, stop.exit_code) == (number, 128 + number)
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_signal_that_was_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stopping() as stop:
            os.kill(os.getpid(), signal.SIGINT)
        assert stop.number is None
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_another_thread_nothing_is_changed() -> None:
    before, inside = signal.getsignal(signal.SIGTERM), []

    def work() -> None:
        with stopping():
            inside.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert inside == [before]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_command_that_is_stopped_says_so_with_the_code_of_shells(
    number: int, code: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()

    assert process.returncode == code
    assert said.splitlines()[-1] == (
        "zoo: stopped; nothing half-written is left, start it again"
    )
    assert "Traceback" not in said
