"""Shows on standard error what the harness logs; nothing unless it is asked for."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from harness.commands.printing import err
from harness.printable import printable

LOGGER = logging.getLogger("harness")
#: How often ``-v`` is given -> what is shown; more than twice is as twice.
LEVELS = {1: logging.INFO, 2: logging.DEBUG}


class LogLines(logging.Handler):
    """Prints a line for each record: level, module, message."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record; what others said in it cannot break the line."""
        told = printable(record.getMessage())
        err.print(f"{record.levelname} {record.name}: {told}")


@contextmanager
def showing_log(verbosity: int) -> Iterator[None]:
    """Show the log inside the block.

    Args:
        verbosity: 0 shows nothing, 1 what was decided, 2 and more the details too.
    """
    if not verbosity:
        yield
        return
    handler, level = LogLines(), LOGGER.level
    LOGGER.addHandler(handler)
    LOGGER.setLevel(LEVELS[min(verbosity, 2)])
    try:
        yield
    finally:
        LOGGER.setLevel(level)
        LOGGER.removeHandler(handler)
