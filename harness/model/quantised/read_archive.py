"""The arrays of a folder in; complete and sound weights, and what is quantised, out.

A row says whether its archive is quantised; the folder says in which of three ways. A
quantised archive read as a float one, or the other way round, is refused by name.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ArchiveUnreadable
from harness.model.layouts.contract import InferenceProgram, WeightSource, listed
from harness.model.layouts.opened_folder import open_folder
from harness.model.layouts.weights import Arrays, read_weights
from harness.model.networks.functions import NetworkFunction
from harness.model.networks.shapes import Plan
from harness.model.program.thresholds import ProgramProtocol, demand_program
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadArchive:
    """A value for every variable, and how the archive holds them."""

    values: Arrays  # of the network's variables, or of a program's parameters
    ignored_files: tuple[str, ...]
    program: InferenceProgram | None
    quantisation: Quantisation | None


def open_network_folder(
    folder: Path, network: NetworkFunction, variables: Collection[str], strategy: str
) -> tuple[str, WeightSource]:
    """Return the word of a folder's layout and its arrays.

    A file that stores no names has to be told which scales are in it: those of all
    convolutions but the outputs, or of all.

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
    plan: Plan,
    protocol: ProgramProtocol,
    strategy: str,
) -> ReadArchive:
    """Read the weights of a row's archive.

    Args:
        source: of :func:`open_network_folder`.
        network: of the shapes that the archive has.
        plan: the network's.
        protocol: of programs of the architecture.
        strategy: the row's.

    Raises:
        ArchiveUnreadable: a variable or scale is missing, damaged or unsound, a program
            is another one, or it is quantised where the row is not, or not where the
            row is.
    """
    program = source.program
    if is_quantised(strategy) and program is not None:
        values, quantisation, program = read_quantised_program(
            source, program, network, plan, protocol
        )
        left = set(source.stored) - set(values) - set(plan.variables)
        ignored = tuple(sorted((*left, *source.ignored_files)))
        return ReadArchive(
            values=values,
            ignored_files=ignored,
            program=program,
            quantisation=quantisation,
        )
    if not is_quantised(strategy):
        _demand_float(source, network, strategy)
        weights = read_weights(source, plan)
        if program is not None:
            demand_program(program, plan.variables, protocol)
        return ReadArchive(
            values=weights.values,
            ignored_files=weights.ignored_files,
            program=program,
            quantisation=None,
        )
    demand_float_weights(source, plan)
    weights = read_weights(source, plan)
    found = read_scales(source, network, plan.variables)
    used = found_scales(source, network, plan.variables)
    return ReadArchive(
        values=weights.values,
        ignored_files=tuple(one for one in weights.ignored_files if one not in used),
        program=None,
        quantisation=found,
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
