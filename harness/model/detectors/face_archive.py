"""The folder of a BlazeFace archive in, a network that runs out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.errors import ArchiveUnreadable
from harness.model.layouts.contract import InferenceProgram
from harness.model.layouts.weights import Arrays
from harness.model.networks.blazeface import EDITIONS, BlazeFace
from harness.model.networks.shapes import plan_network
from harness.model.program.thresholds import BLAZEFACE_PROGRAM
from harness.model.quantised.quantisation import Quantisation
from harness.model.quantised.read_archive import open_network_folder, read_archive


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedFaceArchive:
    """A network with a value for every variable, read from an archive's folder."""

    network: BlazeFace
    weights: Arrays
    layout: str  # key of LAYOUTS
    ignored_files: tuple[str, ...]
    shape_plan: str = "none"  # no BlazeFace was pruned
    program: InferenceProgram | None = None  # the archive is one: it runs as it is
    quantisation: Quantisation | None = None  # None: in float


def open_face_archive(
    folder: Path, *, edition: str, width: float = 1.0, strategy: str = "baseline"
) -> OpenedFaceArchive:
    """Read the folder of a BlazeFace archive.

    Args:
        folder: in a layout of ``LAYOUTS``.
        edition: the row's backbone; key of ``EDITIONS``.
        width: the row's channel multiplier.
        strategy: the row's; says whether the archive ought to be quantised.

    Raises:
        ArchiveUnreadable: no such edition, a variable is missing, mis-shaped or
            damaged, or a program has other boxes or NMS; it is named.
    """
    if edition not in EDITIONS:
        raise ArchiveUnreadable(
            f"no network blazeface-{edition} in this version",
            expected=" or ".join(f"blazeface-{name}" for name in EDITIONS),
        )
    network = BlazeFace(edition=edition, width=width)
    plan = plan_network(network)
    layout, source = open_network_folder(folder, network, plan.variables, strategy)
    read = read_archive(source, network, plan, BLAZEFACE_PROGRAM, strategy)
    return OpenedFaceArchive(
        network=network,
        weights=read.values,
        layout=layout,
        ignored_files=read.ignored_files,
        program=read.program,
        quantisation=read.quantisation,
    )
