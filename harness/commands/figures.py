"""Figures that need no data: described."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from harness.commands.exits import EXIT_INCOMPLETE
from harness.commands.options import DEFAULT_ZOO, AsJson, ZooName
from harness.commands.printing import out, print_json, print_table
from harness.errors import ArchiveUnreadable, UsageError
from harness.registry.zoo import open_zoo


def describe(
    row_id: Annotated[str, typer.Argument(metavar="ID")],
    zoo: ZooName = DEFAULT_ZOO,
    as_json: AsJson = False,
) -> None:
    """Tell what a row's network is made of, beside what was published of it."""
    from harness.model.structure import structure_of
    from harness.pipeline.structure import structure_record

    found = open_zoo(zoo)
    rows = {row.row_id: row for row in found.rows}
    if row_id not in rows:
        raise UsageError(
            f"no row {row_id!r} in {found.name}",
            expected="an id that `zoo list` tells",
            got="none of its rows",
        )
    row = rows[row_id]
    record = structure_record(found, row)
    described: dict[str, Any] = {
        "row": row_id,
        "zoo": found.name,
        "verdict": record.verdict,
        "reason": record.reason,
        "figures": [asdict(one) for one in record.figures],
    }
    try:
        structure = structure_of(row)
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
                    f"{one.metric}{' (estimate)' if one.is_estimate else ''}",
                    one.printed,
                    f"{one.computed:.3f}",
                    f"{one.tolerance} ({one.basis})",
                    one.verdict,
                )
                for one in record.figures
            ],
        )
