"""Sets the limits of a child process from inside, then answers questions.

Started by :mod:`harness.process.limited_child` in an interpreter of its own.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import BinaryIO

from harness.process.limited_child import LENGTH

#: Makes the answer of each question.
Service = Callable[[memoryview], bytes]

PARENT_LOOK_S = 2.0  # between two looks for the parent
OPEN_FILES = 512


def serve(service: str, address_bytes: int | None) -> None:
    """Answer the questions of standard input on standard output until it ends.

    Args:
        service: ``module:function``, which gives the :data:`Service`.
        address_bytes: the address space it may have; None: any.
    """
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print goes to standard error, and is no answer
    _limit(address_bytes)
    _end_with_parent()
    module, _, name = service.partition(":")
    answer: Service = getattr(importlib.import_module(module), name)()
    while (question := _read_message(sys.stdin.buffer)) is not None:
        content = answer(question)
        answers.write(LENGTH.pack(len(content)))
        answers.write(content)
        answers.flush()


def _limit(address_bytes: int | None) -> None:
    """Limit memory and open files of this process, where the system can."""
    with contextlib.suppress(ImportError):  # Windows has no such limits
        import resource

        bounds = {
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_FSIZE: 0,  # not a byte into any file
            resource.RLIMIT_NOFILE: OPEN_FILES,
            **({} if address_bytes is None else {resource.RLIMIT_AS: address_bytes}),
        }
        for what, most in bounds.items():
            with contextlib.suppress(ValueError, OSError):  # lower already, or unknown
                resource.setrlimit(what, (most, most))


def _end_with_parent() -> None:
    """End this process when its parent is gone, even while it computes."""
    parent = os.getppid()

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_LOOK_S)
        os._exit(1)

    threading.Thread(target=look, name="parent-watch", daemon=True).start()


def _read_message(questions: BinaryIO) -> memoryview | None:
    """Return the next message; None when there is none any more."""
    head = questions.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(head)
    content = bytearray(size)
    place = memoryview(content)
    while place:
        count = questions.readinto(place)  # type: ignore[attr-defined]
        if not count:
            return None
        place = place[count:]
    return memoryview(content)
