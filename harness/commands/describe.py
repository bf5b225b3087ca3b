"""``zoo describe``: what the network of a row is made of, without any data."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from harness.commands.asked_row import asked_row
from harness.commands.exits import EXIT_INCOMPLETE
from harness.commands.options import DEFAULT_ZOO, AsJson, ZooName
from harness.commands.printing import out, print_json, print_table
from harness.errors import ArchiveUnreadable
from harness.registry.zoo import open_zoo

if TYPE_CHECKING:  # what opens archives is loaded when one is given
    from harness.pipeline.archives.described_archive import DescribedArchive
    from harness.train.manifest import Manifest


def describe(
    row_id: Annotated[str, typer.Argument(metavar="ID", help="Row to describe.")],
    archive: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            metavar="PATH",
            help="Describe this archive instead; a file, or its unpacked folder.",
        ),
    ] = None,
    zoo: ZooName = DEFAULT_ZOO,
    as_json: AsJson = False,
) -> None:
    """Tell what a row's network is made of, beside what was published of it."""
    from harness.model.detectors.architectures import structure_of_row
    from harness.pipeline.measure.computed_figures import structure_record

    opened = open_zoo(zoo)
    row = asked_row(opened, row_id)
    if archive is not None:
        from harness.pipeline.archives.described_archive import describe_archive

        _print_archive(row_id, describe_archive(opened, row, archive), as_json)
        return
    record = structure_record(opened, row)
    described: dict[str, Any] = {
        "row": row_id,
        "zoo": opened.name,
        "verdict": record.verdict,
        "reason": record.reason,
        "figures": [asdict(one) for one in record.figures],
    }
    try:
        structure = structure_of_row(row)
    except ArchiveUnreadable as error:
        if as_json:
            print_json(described)
        else:
            out.print(str(error))
        raise typer.Exit(EXIT_INCOMPLETE) from error
    if as_json:
        print_json({**described, **asdict(structure)})
        return
    print_table(
        ("figure", "computed"),
        [
            ("parameters", f"{structure.elements}"),
            ("variables", f"{structure.variables}"),
            ("GFLOPs, as published", f"{structure.gflops:.2f}"),
            ("GFLOPs, with deformable convolutions", f"{structure.gflops_true:.2f}"),
            ("folder, as published (MiB)", f"{structure.folder_mib:.2f}"),
            ("files (KB)", f"{structure.files_kb:.0f}"),
            ("int8, an estimate (MB)", f"{structure.int8_bytes / 1e6:.1f}"),
        ],
    )
    if record.figures:
        out.print()
        print_table(
            ("published", "printed", "computed", "tolerance", "verdict"),
            [
                (
                    f"{figure.metric}{' (estimate)' if figure.is_estimate else ''}",
                    figure.printed,
                    f"{figure.computed:.3f}",
                    f"{figure.tolerance} ({figure.basis})",
                    figure.verdict,
                )
                for figure in record.figures
            ],
        )


def _print_archive(row_id: str, described: DescribedArchive, as_json: bool) -> None:
    if as_json:
        print_json({"row": row_id, **asdict(described)})
        return
    print_table(
        ("archive", "read"),
        [
            ("layout", described.layout),
            ("shapes", described.shape_plan),
            ("quantisation", described.quantisation or "none"),
            *(("note", one) for one in described.notes),
            ("files not used", f"{len(described.ignored_files)}"),
            *(
                [("making", described.manifest_fault)]
                if described.manifest_fault
                else []
            ),
        ],
    )
    if described.manifest is not None:
        out.print()
        print_table(("trained", "as the archive says"), _making(described.manifest))
    if not described.convolutions:
        return
    out.print()
    print_table(
        ("convolution", "reads", "activation scale", "weight scales", "integers"),
        [
            (
                conv.weights,
                conv.activation,
                f"{conv.activation_scale:.6g}",
                f"{min(conv.weight_scales):.4g} to {max(conv.weight_scales):.4g}",
                "{} to {}".format(*conv.integers),
            )
            if conv.activation and conv.integers
            else (conv.weights, "float", "", "", "")
            for conv in described.convolutions
        ],
    )


def _making(manifest: Manifest) -> list[tuple[str, str]]:
    data = manifest.training_set
    return [
        ("recipe", f"{manifest.recipe_id}, sha256 {manifest.recipe_sha256}"),
        ("steps", f"{manifest.steps} of {manifest.of_steps}, batch {manifest.batch}"),
        ("seed", f"{manifest.seed}"),
        *(
            (one.role, f"{one.archive}, sha256 {one.sha256}, from {one.source}")
            for one in manifest.origins
        ),
        ("data", f"{data.dataset} {data.split}, {data.image_count} images"),
        ("fingerprint", data.fingerprint),
        ("device", f"{manifest.device}, {manifest.device_model}"),
        *sorted(manifest.versions.items()),
        *(
            (f"loss of step {one.step}", f"{sum(one.losses.values()):.4g}")
            for one in manifest.losses[-1:]
        ),
        *(
            (f"AP after step {one.step}", f"{one.ap_pct:.2f}")
            for one in manifest.scores
        ),
        *(("note", one) for one in manifest.notes),
    ]
