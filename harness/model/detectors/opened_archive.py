"""Reads the archive of a row: its weights, its program, and what it quantises.

A row says whether its archive is quantised, and the folder says in which of three ways.
A quantised archive of a float row is refused, and a float archive of a quantised one.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ArchiveUnreadable
from harness.model.layouts.contract import InferenceProgram, WeightSource, listed
from harness.model.layouts.opened_folder import open_folder
from harness.model.layouts.weights import Arrays, read_weights
from harness.model.networks.functions import NetworkFunction
from harness.model.networks.shapes import NetworkShapes
from harness.model.program.expected_program import ExpectedProgram, demand_program
from harness.model.program.traced_program import fake_operators
from harness.model.quantised.integer_weights import demand_float_weights
from harness.model.quantised.program_archive import (
    plain_names,
    read_quantised_program,
)
from harness.model.quantised.quantisation import Quantisation, is_quantised
from harness.model.quantised.scales import (
    found_scales,
    known_scales,
    read_scales,
    scale_names,
)

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedArchive:
    """A network with a value for every variable, read from an archive's folder."""

    network: NetworkFunction  # equal networks are of equal shapes
    weights: Arrays  # of the network's variables, or of a program's parameters
    layout: str  # key of LAYOUTS
    ignored_files: tuple[str, ...]  # files, and arrays of no variable; sorted
    pruning: str = "none"  # key of PRUNED_RATIOS: whose shapes the head has
    program: InferenceProgram | None = None  # the archive is one: it runs as it is
    quantisation: Quantisation | None = None  # None: in float


def open_network_folder(
    folder: Path, network: NetworkFunction, variables: Collection[str], strategy: str
) -> tuple[str, WeightSource]:
    """Return the word of a folder's layout and its arrays.

    A file without names is read by those that it should hold. So two sets of scales
    are tried: those of all convolutions but the outputs, then those of all.

    Raises:
        ArchiveUnreadable: no layout, or the files are damaged.
    """
    if not is_quantised(strategy):
        return open_folder(folder, tuple(variables))
    first: ArchiveUnreadable | None = None
    for outputs in (False, True):
        names = {*variables, *scale_names(network, outputs=outputs)}
        try:
            word, source = open_folder(folder, tuple(names))
        except ArchiveUnreadable as error:
            first = first or error
        else:
            return word, plain_names(source)
    assert first is not None
    raise first


def read_archive(
    source: WeightSource,
    network: NetworkFunction,
    shapes: NetworkShapes,
    *,
    layout: str,
    expected: ExpectedProgram,
    strategy: str,
    pruning: str = "none",
) -> OpenedArchive:
    """Read the weights of a row's archive.

    Args:
        source: of :func:`open_network_folder`.
        network: of the shapes that the archive has.
        shapes: the network's.
        layout: key of ``LAYOUTS``.
        expected: what a program of the architecture is.
        strategy: the row's.
        pruning: whose shapes those are; key of ``PRUNED_RATIOS``.

    Raises:
        ArchiveUnreadable: a variable or scale is missing, damaged or unsound, a program
            is another one, or it is quantised where the row is not, or not where the
            row is.
    """
    program, quantisation = source.program, None
    used = set(shapes.variables)
    if not is_quantised(strategy):
        _demand_float(source, network, strategy)
        weights = read_weights(source, shapes)
        if program is not None:
            demand_program(program, shapes.variables, expected)
    elif program is not None:
        weights, quantisation, program = read_quantised_program(
            source, program, network, shapes, expected
        )
        used |= set(weights)
    else:
        demand_float_weights(source, shapes)
        weights = read_weights(source, shapes)
        quantisation = read_scales(source, network, shapes.variables)
        used |= set(found_scales(source, network, shapes.variables))
    LOGGER.info(
        "%d arrays, %s, %s",
        len(weights),
        "run by our network" if program is None else "run by the archive's program",
        "in float" if quantisation is None else f"in 8 bits: {quantisation.kind}",
    )
    return OpenedArchive(
        network=network,
        weights=weights,
        layout=layout,
        ignored_files=tuple(
            sorted((*set(source.stored) - used, *source.ignored_files))
        ),
        pruning=pruning,
        program=program,
        quantisation=quantisation,
    )


def _demand_float(
    source: WeightSource, network: NetworkFunction, strategy: str
) -> None:
    """Refuse a quantised archive for a row that is not."""
    program = source.program
    signs = (
        sorted({one.kind for one in fake_operators(program.operators)})
        if program is not None
        else known_scales(source, network)
    )
    if signs:
        raise ArchiveUnreadable(
            f"the archive is quantised, the row ({strategy}) is not",
            expected="float weights alone",
            got=listed(signs),
            next_step="the row may name the wrong archive or strategy",
        )
