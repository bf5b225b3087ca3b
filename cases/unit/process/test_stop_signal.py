"""SIGTERM as Ctrl-C: in a block, and in a command of its own."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from harness.process.stop_signal import held_back, stopping

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


SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_that_is_held_back_acts_after_the_block(number: int) -> None:
    reached = []

    def work() -> None:
        with held_back():
            os.kill(os.getpid(), number)
            reached.append("the end of the block")
        reached.append("what follows")

    with pytest.raises(KeyboardInterrupt), stopping() as stop:
        work()

    assert reached == ["the end of the block"]
    assert stop.number == number


def test_many_signals_that_are_held_back_act_once() -> None:
    acted = []
    before = signal.signal(signal.SIGINT, lambda number, _: acted.append(number))
    try:
        with held_back():
            for _ in range(3):
                os.kill(os.getpid(), signal.SIGINT)
            assert acted == []
        assert acted == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)


def test_without_a_signal_the_handlers_come_back_and_nothing_acts() -> None:
    before = [signal.getsignal(one) for one in SIGNALS]
    with held_back():
        assert signal.getsignal(signal.SIGINT) != before[0]

    assert [signal.getsignal(one) for one in SIGNALS] == before


def test_a_signal_held_back_in_a_block_in_a_block_waits_for_the_outer_one() -> None:
    reached = []

    def work() -> None:
        with held_back():
            with held_back():
                os.kill(os.getpid(), signal.SIGINT)
            reached.append("the outer block's end")

    with pytest.raises(KeyboardInterrupt):
        work()

    assert reached == ["the outer block's end"]


def test_an_error_of_the_block_gives_the_handlers_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ValueError, match="wrong"), held_back():
        raise ValueError("wrong")

    assert signal.getsignal(signal.SIGINT) == before


def test_a_signal_that_is_held_back_acts_though_the_block_fails() -> None:
    def work() -> None:
        with held_back():
            os.kill(os.getpid(), signal.SIGINT)
            raise ValueError

    with pytest.raises(KeyboardInterrupt):
        work()


def test_a_signal_that_was_ignored_is_not_held_back() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with held_back():
            assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("block", [stopping, held_back])
def test_outside_the_main_thread_nothing_is_held(
    block: Callable[[], AbstractContextManager[object]],
) -> None:
    before, inside = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with block():
            inside.append(signal.getsignal(signal.SIGINT))

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
