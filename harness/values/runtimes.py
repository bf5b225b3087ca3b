"""The words of the frameworks that networks run on; none is imported to choose it."""

from __future__ import annotations

from harness.errors import UsageError
from harness.printable import printable

PADDLE, TORCH = "paddle", "torch"
RUNTIMES = (PADDLE, TORCH)

#: Stands where a record has the version of Paddle, and none computed.
NO_PADDLE = "none"


def chosen_runtime(asked: str | None) -> str:
    """Return the runtime asked for, else Paddle.

    Raises:
        UsageError: there is no such runtime.
    """
    runtime = asked or PADDLE
    if runtime not in RUNTIMES:
        raise UsageError(
            "--runtime (ZOO_RUNTIME)",
            expected=" or ".join(RUNTIMES),
            got=printable(repr(runtime)),
            next_step=f"leave it out for {PADDLE}",
        )
    return runtime
