"""Opens a checked inference program in Paddle Inference.

It runs as it is, apart from its rounding.  # zoo-spec 3.3
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import ArchiveUnreadable
from harness.model.fluid.program_desc import write_program
from harness.model.layouts.contract import InferenceProgram, listed
from harness.model.layouts.weights import Arrays
from harness.model.machine.device import Device
from harness.model.machine.precisions import INT8
from harness.model.paddle_run.predictor import open_predictor
from harness.model.paddle_run.runtime import import_paddle, operator_names
from harness.model.program.exact_program import exact_program
from harness.process.limited_child import NO_MEMORY

Floats = NDArray[np.float32]

#: What Paddle raises. Lack of memory is recognised by its text, in any of them.
PADDLE_ERRORS = (
    RuntimeError,
    ValueError,
    OSError,
    IndexError,  # OutOfRange
    SystemError,  # Fatal
    TypeError,  # InvalidType
)

#: Images [B, 3, H, W] and original sizes [B, 2] to rows [K, 6] of all images, and the
#: B + 1 places between which the rows of each image lie. A program without a feed for
#: the sizes ignores them.
ProgramFunction = Callable[[Floats, NDArray[np.int32]], tuple[Floats, Sequence[int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenProgram:
    """A program as bytes that we wrote ourselves, and what it is fed."""

    content: bytes
    weights: Mapping[str, NDArray[Any]]  # a value for each of its parameters
    image: str
    im_size: str | None


def written_anew(
    program: InferenceProgram, weights: Arrays, precision: str
) -> WrittenProgram:
    """Return the program as it shall run, in bytes of our own.

    A quantised one is rewritten to round as 1.8.5 does.

    Args:
        program: of an opened archive, so a checked one.
        weights: a value for each of its parameters.
        precision: of ``PRECISIONS``.

    Raises:
        ArchiveUnreadable: this Paddle has no such operator; it is named.
    """
    if precision != INT8:  # which is made of the operators replaced here
        program, weights = exact_program(program, weights)
    demand_operators(sorted({one.kind for one in program.operators}))
    return WrittenProgram(
        content=write_program(program.desc),
        weights={name: weights[name] for name in program.parameters},
        image=program.image,
        im_size=program.im_size,
    )


def open_program(
    program: InferenceProgram, weights: Arrays, device: Device
) -> ProgramFunction:
    """Return the program on the device, in this process, for any input size and batch.

    A program of a downloaded archive may still crash Paddle: ``program_child`` runs it
    elsewhere.

    Args:
        program: of an opened archive.
        weights: a value for each of its parameters.
        device: what computes.

    Raises:
        ArchiveUnreadable: this Paddle has no such operator, or cannot open it.
    """
    written = written_anew(program, weights, device.precision)
    with refusing("open"):
        predictor = open_predictor(written.content, written.weights, device=device)
    return program_function(predictor, image=written.image, im_size=written.im_size)


def program_function(
    predictor: Any, *, image: str, im_size: str | None
) -> ProgramFunction:
    """Return what a predictor of a program finds, as a function.

    Args:
        predictor: Paddle Inference's.
        image: the name of the feed of images.
        im_size: that of their sizes, if there is one.
    """
    images_fed = predictor.get_input_handle(image)
    sizes_fed = None if im_size is None else predictor.get_input_handle(im_size)
    (name,) = predictor.get_output_names()
    output = predictor.get_output_handle(name)

    def run(
        images: Floats, sizes_hw: NDArray[np.int32]
    ) -> tuple[Floats, Sequence[int]]:
        images_fed.copy_from_cpu(np.ascontiguousarray(images))
        if sizes_fed is not None:
            sizes_fed.copy_from_cpu(np.ascontiguousarray(sizes_hw, dtype=np.int32))
        predictor.run()
        levels = output.lod()
        return output.copy_to_cpu(), levels[0] if levels else ()

    return run


@contextmanager
def refusing(verb: str) -> Iterator[None]:
    """Turn what Paddle raises of a program into a refusal of the archive.

    Args:
        verb: what Paddle cannot do with it.

    Raises:
        ArchiveUnreadable: names the version, and the first line of what Paddle says.
        MemoryError: it had no more memory, which says nothing of the archive.
    """
    try:
        yield
    except PADDLE_ERRORS as error:
        if any(one in str(error) for one in NO_MEMORY):
            raise MemoryError(_first_line(error)) from error
        raise ArchiveUnreadable(
            f"Paddle {import_paddle().__version__} cannot {verb} the program",
            got=_first_line(error),
        ) from error


def demand_operators(kinds: Sequence[str]) -> None:
    """Refuse a program with an operator that this Paddle does not have.

    Raises:
        ArchiveUnreadable: names the operators and the version.
    """
    paddle = import_paddle()
    known = operator_names(paddle)
    unknown = [one for one in kinds if one not in known]
    if unknown:
        raise ArchiveUnreadable(
            f"operator {listed(unknown)} of the program",
            expected=f"an operator of Paddle {paddle.__version__}",
        )


def _first_line(error: Exception) -> str:
    lines = (line.strip() for line in str(error).splitlines())
    return next((line for line in lines if line), type(error).__name__)
