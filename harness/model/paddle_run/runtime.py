"""What the versions of Paddle do not have in common, each difference with its reason.

The rest of this room is written once, for 2.6.2 (the reference) and for 3.3.1; what was
tried on each, and what happened, is in ``decisions/0007-two-runtimes.md``. One need of
2.6.2 comes before any room: ``zlib``, in ``harness/__init__.py``.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import warnings
from contextlib import nullcontext
from typing import Any

from harness.errors import DeviceMissing
from harness.model.machine.device import THREADS
from harness.process.stop_signal import held_back

Paddle = Any  # no version has stubs
Tensor = Any

#: 3.x: programs in its own form (PIR) instead of that of 2.6. Paddle Inference with
#: oneDNN crashes on them: a segmentation fault where it fuses a convolution and a leaky
#: ReLU, an unimplemented attribute in the nearest upsampling.
NEW_PROGRAMS = "FLAGS_enable_pir_api"


def import_paddle() -> Paddle:
    """Import Paddle, set up for measuring: TF32 off (zoo-spec 8), quiet, old programs.

    Raises:
        DeviceMissing: it is not installed, or was imported before with new programs.
    """
    os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")
    os.environ.setdefault("GLOG_minloglevel", "2")  # errors only
    os.environ[NEW_PROGRAMS] = "0"  # not a default: with 1 no graph of ours is built
    threads = os.environ.get(THREADS)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        with warnings.catch_warnings():
            # What 2.6 imports is deprecated in places, and 3.3 misses a compiler cache;
            # not ours to mend.
            warnings.simplefilter("ignore")
            # Met inside, Ctrl-C would be told as a Paddle that cannot be imported.
            with nullcontext() if "paddle" in sys.modules else held_back():
                import paddle
    except ImportError as error:
        raise DeviceMissing(
            "Paddle cannot be imported",
            got=str(error),
            next_step="install zoo-harness[cpu], [cpu3] or [gpu]",
        ) from error
    if threads is None:  # Paddle writes a 1, as if the user had
        os.environ.pop(THREADS, None)
    # 3.3 lets every library log to standard error; who logs what is the user's choice.
    root.handlers[:] = handlers
    root.setLevel(level)
    _take_back_termination()
    demand_old_programs(paddle)
    return paddle


def _take_back_termination() -> None:
    """Let Python, and not Paddle, hear SIGTERM.

    Importing Paddle puts a handler of its own in the place of ours, unknown to Python:
    it prints a trace and ends the process, and what was computed is lost.
    """
    if threading.current_thread() is threading.main_thread():
        handler = signal.getsignal(signal.SIGTERM)
        signal.signal(signal.SIGTERM, handler or signal.SIG_DFL)


def demand_old_programs(paddle: Paddle) -> None:
    """Refuse a Paddle that builds programs in the new form.

    The flag is read once, at the import; setting it later turns only half of Paddle.

    Raises:
        DeviceMissing: something else imported it first, and the flag was on.
    """
    if paddle.get_flags(NEW_PROGRAMS)[NEW_PROGRAMS]:
        raise DeviceMissing(
            f"Paddle {paddle.__version__} was imported before, with {NEW_PROGRAMS} on",
            expected="off",
            next_step=f"set {NEW_PROGRAMS}=0 in the environment, "
            "or let the harness import Paddle",
        )


def operator_names(paddle: Paddle) -> frozenset[str]:
    """Return the operators that this Paddle runs in a program of the old form.

    3.3 has lost a few: ``multiclass_nms2`` is one.
    """
    return frozenset(paddle.base.core.get_all_op_names())


def add_tensors(first: Tensor, second: Tensor) -> Tensor:
    """Sum two tensors of one shape, in any mode.

    ``+`` does the same; in static mode both versions warn that its meaning changed.
    """
    import paddle

    return paddle.add(first, second)


def sigmoid(x: Tensor) -> Tensor:
    """Return ``1 / (1 + exp(-x))``, in any mode.

    Written as ``(1 + tanh(x / 2)) / 2``: 3.3 has neither ``sigmoid`` nor ``tanh`` for a
    program of the old form (they take PIR values only), but it still has ``stanh``.
    """
    import paddle

    return paddle.stanh(x, 0.5, 0.5) + 0.5


#: 1.5 * 2**23: float32 has no fractions from 2**23 to 2**24, so a sum in there is
#: rounded to a whole number, half to even as every float32 sum is.
NO_FRACTIONS = 12582912.0


def round_half_even(x: Tensor) -> Tensor:
    """Round to the nearest whole number, half to even, below 2**22, in any mode.

    ``paddle.round`` of 2.6 rounds half away from zero, and 3.3 has none for a program
    of the old form. ``fake_quantize_*`` with ``round_type`` 0 does this too, eight
    times slower on the CPU (100 ms, not 12, for 3 million values), and keeps -128.
    """
    return (x + NO_FRACTIONS) - NO_FRACTIONS
