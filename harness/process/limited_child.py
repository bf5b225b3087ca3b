"""Runs a service in a child process with limits, so that what crashes is the child.

The child is a fresh interpreter with our import path and few of our environment
variables. It has an empty working folder, may not write into files, and has a limit on
its memory. Messages of bytes go over pipes, and none is ever unpickled. The child ends
when nothing refers to it any more.
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import signal
import struct
import subprocess
import threading
import time
import weakref
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from harness.errors import LimitReached
from harness.files.temporary import temporary_folder
from harness.process.child_start import start_child

LOGGER = logging.getLogger(__name__)

#: Signals that a process causes itself; others are sent from outside.
CRASHES = ("SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSEGV", "SIGSYS", "SIGTRAP")

MEMORY = "memory of the child process"  # what ``LimitReached`` says it was short of

LENGTH = struct.Struct("<Q")  # before each message
LOOK_S = 0.2  # how often memory and time are looked at
TOLD_BYTES = 4096  # of the child's error output: its end is kept
#: What libraries say when they get no more memory: oneDNN, C++, Paddle, the system,
#: the loader, Python.
NO_MEMORY = (
    "could not create a memory object",
    "bad_alloc",
    "ResourceExhausted",
    "Cannot allocate memory",
    "failed to map segment",
    "MemoryError",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildLimits:
    """What a child may take."""

    memory_bytes: int
    memory_step: str  # what the user can do about it, for the message
    time_step: str
    #: Watch what lies in memory from outside instead of bounding the address space:
    #: CUDA reserves far more addresses than it fills.
    watches_resident: bool = False


class ChildCrashed(Exception):
    """The child was ended by a signal that it caused itself."""

    def __init__(self, signal_name: str) -> None:
        super().__init__(f"ended by {signal_name}")
        self.signal_name = signal_name


class LimitedChild:
    """A child process that answers messages.

    Args:
        service: ``module:function``; called in the child with the limits set, gives
            the function that makes each answer of its question.
        limits: what it may take.
    """

    def __init__(self, service: str, *, limits: ChildLimits) -> None:
        self._limits = limits
        held = contextlib.ExitStack()
        folder = held.enter_context(temporary_folder("child"))
        self._process = start_child(
            service,
            folder,
            address_bytes=None if limits.watches_resident else limits.memory_bytes,
        )
        LOGGER.info("child %d started for %s", self._process.pid, service)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._questions: IO[bytes] = self._process.stdin
        self._answers: IO[bytes] = self._process.stdout
        # a child that does not read must not hold the parent beyond the time
        os.set_blocking(self._questions.fileno(), False)
        _widen(self._questions.fileno())
        self._told: deque[bytes] = deque(maxlen=TOLD_BYTES // 64)
        threading.Thread(
            target=_keep_end,
            args=(self._process.stderr, self._told),
            name="child-told",
            daemon=True,
        ).start()
        self._finalizer = weakref.finalize(self, _end, self._process, held)
        self._refused: LimitReached | None = None  # why we ended it ourselves

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def ask(
        self, parts: Sequence[Any], *, limit_s: float, longest_answer_bytes: int
    ) -> bytes:
        """Send a message and return the answer.

        Args:
            parts: bytes, one after the other; together they are the message.
            limit_s: how long the child may take.
            longest_answer_bytes: a longer one is not read.

        Raises:
            ChildCrashed: the child was ended by a signal that it caused itself.
            LimitReached: the child took more memory or time than it may, was ended from
                outside, or answered too much; the message names the option.
        """
        if self._process.returncode is not None:
            raise self._death()
        until_s = time.monotonic() + limit_s
        try:
            self._send(parts, until_s, limit_s)
            (size,) = LENGTH.unpack(self._receive(LENGTH.size, until_s, limit_s))
            _demand_length(size, longest_answer_bytes)
            return self._receive(size, until_s, limit_s)
        except (EOFError, BrokenPipeError) as error:
            raise self._death() from error
        except LimitReached as error:
            LOGGER.info("child %d is ended: %s", self.pid, error)
            self._refused = error
            self.close()
            raise

    def close(self) -> None:
        """End the child; it may be ended already."""
        self._finalizer()

    def _send(self, parts: Sequence[Any], until_s: float, limit_s: float) -> None:
        views = [memoryview(one).cast("B") for one in parts if len(one)]
        pending = deque([memoryview(LENGTH.pack(sum(map(len, views)))), *views])
        file = self._questions.fileno()
        while pending:
            self._wait(file, selectors.EVENT_WRITE, until_s, limit_s)
            try:
                sent = os.write(file, pending[0])
            except BlockingIOError:
                continue
            rest = pending.popleft()[sent:]
            if len(rest):
                pending.appendleft(rest)

    def _receive(self, size: int, until_s: float, limit_s: float) -> bytes:
        file, content = self._answers.fileno(), bytearray()
        while len(content) < size:
            self._wait(file, selectors.EVENT_READ, until_s, limit_s)
            some = os.read(file, min(size - len(content), 1 << 20))
            if not some:
                raise EOFError
            content += some
        return bytes(content)

    def _wait(self, file: int, event: int, until_s: float, limit_s: float) -> None:
        """Wait until the pipe is ready, and look at memory and time meanwhile."""
        with selectors.DefaultSelector() as selector:
            selector.register(file, event)
            while True:  # checked each time: an answer may come byte by byte
                self._demand_memory()
                if time.monotonic() > until_s:
                    raise LimitReached(
                        "time of the child process",
                        expected=f"at most {limit_s:.0f} s for this step",
                        got="more",
                        next_step=self._limits.time_step,
                    )
                if selector.select(LOOK_S):
                    return

    def _demand_memory(self) -> None:
        if not self._limits.watches_resident:
            return
        resident_bytes = resident_bytes_of(self.pid)
        if resident_bytes > self._limits.memory_bytes:
            raise self.out_of_memory(f"{resident_bytes >> 20} MB in memory")

    def out_of_memory(self, got: str) -> LimitReached:
        """Return the refusal of a child that needs more memory than it may, and end it.

        Args:
            got: how much it has, as far as is known.
        """
        self._refused = LimitReached(
            MEMORY,
            expected=f"at most {self._limits.memory_bytes >> 20} MB",
            got=got,
            next_step=self._limits.memory_step,
        )
        self.close()
        return self._refused

    def _death(self) -> Exception:
        """Return why the child answers no more; the same each time."""
        if (refused := self._refused) is not None:
            return LimitReached(
                refused.what,
                expected=refused.expected,
                got=refused.got,
                next_step=refused.next_step,
            )
        code = self._process.wait()
        output = b"".join(self._told).decode(errors="replace")
        self.close()
        if any(phrase in output for phrase in NO_MEMORY):
            return self.out_of_memory("no more to be had")
        name = signal.Signals(-code).name if code < 0 else ""
        if name in CRASHES:
            return ChildCrashed(name)
        if code >= 0:
            return LimitReached(
                "child process ended by itself",
                expected="an answer",
                got=f"exit code {code}: {output.strip().rpartition(chr(10))[2]}",
            )
        return LimitReached(
            "child process ended from outside",
            expected="an answer",
            got=name,
            next_step="the system may have run out of memory: see its log",
        )


def _widen(pipe: int) -> None:
    """Let a pipe hold a megabyte: a batch of pixels is larger than the usual 64 kB."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)


def _demand_length(size: int, longest_bytes: int) -> None:
    if size > longest_bytes:
        raise LimitReached(
            "answer of the child process",
            expected=f"at most {longest_bytes} bytes",
            got=size,
        )


def resident_bytes_of(pid: int) -> int:
    """Return how much of a process lies in memory; 0 where the system does not say."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _keep_end(file: IO[bytes], told: deque[bytes]) -> None:
    """Keep the end of the child's error output, so that it never waits for a reader."""
    with contextlib.suppress(ValueError, OSError):  # closed under our hands
        while some := file.read(64):
            told.append(some)


def _end(process: subprocess.Popen[bytes], held: contextlib.ExitStack) -> None:
    process.kill()
    process.wait()
    for one in (process.stdin, process.stdout, process.stderr):
        if one is not None:
            with contextlib.suppress(OSError):
                one.close()
    held.close()
