"""Lets SIGTERM stop work as Ctrl-C does: where it can be resumed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class StopSignal:
    """The signal that stopped a block; None while nothing did."""

    number: int | None = None

    @property
    def exit_code(self) -> int:
        """The code that shells give a command ended by the signal: 130, 143."""
        return 128 + (self.number or signal.SIGINT)


@contextmanager
def stopping() -> Iterator[StopSignal]:
    """Let SIGTERM raise :class:`KeyboardInterrupt` in the block, as Ctrl-C does.

    Outside the main thread, where Python takes no signals, nothing is changed.
    """
    got = StopSignal()

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        got.number = number
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield got
        return
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    # A job in the background of a shell is started to ignore Ctrl-C: it still does.
    taken = [one for one, handler in before.items() if handler != signal.SIG_IGN]
    try:
        for one in taken:
            signal.signal(one, stop)
        yield got
    finally:
        for one in taken:
            signal.signal(one, before[one] or signal.SIG_DFL)


@contextmanager
def held_back() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait until the block ends; then they act as before it.

    Outside the main thread, where Python takes no signals, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[tuple[int, FrameType | None]] = []

    def hold(number: int, frame: FrameType | None) -> None:
        waiting.append((number, frame))

    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    taken = [one for one, handler in before.items() if callable(handler)]
    try:
        for one in taken:
            signal.signal(one, hold)
        yield
    finally:
        for one in taken:
            signal.signal(one, before[one])
        for number, frame in waiting[:1]:
            handler = before[signal.Signals(number)]
            assert callable(handler)
            handler(number, frame)
