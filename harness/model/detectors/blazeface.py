"""Opens the folder of a BlazeFace archive."""

from __future__ import annotations

from pathlib import Path

from harness.model.detectors.opened_archive import (
    OpenedArchive,
    open_network_folder,
    read_archive,
)
from harness.model.networks.blazeface import BlazeFace
from harness.model.networks.shapes import network_shapes
from harness.model.program.expected_program import BLAZEFACE_PROGRAM


def open_blazeface(
    folder: Path, *, edition: str, width: float = 1.0, strategy: str = "baseline"
) -> OpenedArchive:
    """Read the folder of a BlazeFace archive; none was pruned.

    Args:
        folder: in any layout of ``LAYOUTS``.
        edition: the row's backbone; key of ``EDITIONS``.
        width: the row's channel multiplier.
        strategy: the row's; says whether the archive ought to be quantised.

    Raises:
        ArchiveUnreadable: a variable is missing, mis-shaped or damaged, or a program
            has other boxes or NMS; it is named.
    """
    network = BlazeFace(edition=edition, width=width)
    shapes = network_shapes(network)
    layout, source = open_network_folder(folder, network, shapes.variables, strategy)
    return read_archive(
        source,
        network,
        shapes,
        layout=layout,
        expected=BLAZEFACE_PROGRAM,
        strategy=strategy,
    )
