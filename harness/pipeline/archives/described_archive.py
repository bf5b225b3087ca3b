"""Describes an archive as that of a row: its layout, shapes and quantised layers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.artifact.checkpoint_folder import find_checkpoint_folder
from harness.artifact.unpack import unpack
from harness.errors import ArchiveUnreadable, UsageError, located
from harness.files.temporary import temporary_folder
from harness.model.detectors.architectures import open_archive
from harness.model.quantised.described import DescribedConv, describe_convs
from harness.model.quantised.quantisation import KINDS
from harness.pipeline.measure.opened_row import doubted_strategies
from harness.train.manifest import FILE_NAME, Manifest, read_manifest
from harness.values.rows import Row, Zoo


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedArchive:
    """An archive as a row's: how it is held, and what of it is quantised."""

    layout: str  # key of LAYOUTS
    shape_plan: str  # key of PRUNED_RATIOS
    quantisation: str | None  # of KINDS
    convolutions: tuple[DescribedConv, ...]
    notes: tuple[str, ...]
    ignored_files: tuple[str, ...]
    #: What it says of its making; nothing vouches for it. None: it says nothing.
    manifest: Manifest | None = None
    manifest_fault: str | None = None  # why what it says cannot be read


def describe_archive(zoo: Zoo, row: Row, path: Path) -> DescribedArchive:
    """Read an archive, or its folder, as that of a row; nothing is fetched or kept.

    A row is opened even where it is not measured yet.

    Args:
        zoo: the row's.
        row: says which network it ought to be.
        path: a tar archive or a folder.

    Raises:
        UsageError: there is nothing.
        ArchiveUnreadable: it is not the row's network.
    """
    if not path.exists():
        raise UsageError(
            f"no archive {path}",
            expected="a tar archive or a folder",
            next_step="give --archive the path of one",
        )
    with temporary_folder("archive") as cache:
        folder = path if path.is_dir() else unpack(path, cache)
        with located(path.name):
            inner = find_checkpoint_folder(folder, row.archive)
            opened = open_archive(inner, row, doubted_strategies(zoo, row))
            manifest, fault = _read_making(inner)
            quantisation = opened.quantisation
            return DescribedArchive(
                layout=opened.layout,
                shape_plan=opened.pruning,
                quantisation=None if quantisation is None else KINDS[quantisation.kind],
                convolutions=()
                if quantisation is None
                else describe_convs(quantisation, opened.weights),
                notes=() if quantisation is None else quantisation.notes(row.strategy),
                ignored_files=tuple(
                    one for one in opened.ignored_files if one != FILE_NAME
                ),
                manifest=manifest,
                manifest_fault=fault,
            )


def _read_making(folder: Path) -> tuple[Manifest | None, str | None]:
    """Return what an archive says of its making, or why that cannot be read."""
    try:
        return read_manifest(folder), None
    except ArchiveUnreadable as refusal:
        return None, str(refusal)
