"""The folder of a BlazeFace archive in, a network that runs out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.errors import ArchiveUnreadable
from harness.model.blazeface import EDITIONS, BlazeFace
from harness.model.device import Device
from harness.model.heads import HeadsFunction, forward_heads, graph_heads
from harness.model.layouts.contract import InferenceProgram
from harness.model.layouts.opened_folder import open_folder
from harness.model.layouts.weights import Arrays, read_weights
from harness.model.plan import plan_network
from harness.model.program_protocol import BLAZEFACE_PROGRAM, demand_program


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedFaceArchive:
    """A network with a value for every variable, read from an archive's folder."""

    network: BlazeFace
    weights: Arrays
    layout: str  # key of LAYOUTS
    ignored_files: tuple[str, ...]
    shape_plan: str = "none"  # no BlazeFace was pruned
    program: InferenceProgram | None = None  # the archive is one: it runs as it is


def open_face_archive(
    folder: Path, *, edition: str, width: float = 1.0
) -> OpenedFaceArchive:
    """Read the folder of a BlazeFace archive.

    Args:
        folder: in a layout of ``LAYOUTS``.
        edition: the row's backbone; key of ``EDITIONS``.
        width: the row's channel multiplier.

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
    layout, source = open_folder(folder, tuple(plan.variables))
    weights = read_weights(source, plan)
    if source.program is not None:
        demand_program(source.program, plan.variables, BLAZEFACE_PROGRAM)
    return OpenedFaceArchive(
        network=network,
        weights=weights.values,
        layout=layout,
        ignored_files=weights.ignored_files,
        program=source.program,
    )


def open_face_heads(
    opened: OpenedFaceArchive, device: Device, *, optimise: bool = True
) -> HeadsFunction:
    """Return the network as an optimised graph on the device."""
    return graph_heads(opened.network, opened.weights, device, optimise=optimise)


def plain_face_heads(opened: OpenedFaceArchive) -> HeadsFunction:
    """Return the network as plain operations, to compare with the optimised graph."""
    return forward_heads(opened.network, opened.weights)
