"""``zoo demo make``: the embedded demo zoo, made again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.commands.options import AsJson
from harness.commands.printing import err, out, print_json
from harness.registry.location import find_home


def demo_make(
    work: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder that keeps the checkpoints.")
    ] = Path(".zoo", "demo-make"),
    as_json: AsJson = False,
) -> None:
    """Make the demo zoo again: train, prune, pack, measure; resume what was begun."""
    from harness.pipeline.demo.demo import make_demo
    from harness.pipeline.measure.progress_lines import ProgressLines

    lines = ProgressLines(err.print)
    demo = make_demo(
        find_home(), work.absolute(), training=lines.training, telling=err.print
    )
    if as_json:
        print_json(
            {
                "scores_pct": {
                    name: dict(one) for name, one in demo.scores_pct.items()
                },
                "archive_bytes": dict(demo.archive_bytes),
            }
        )
        return
    for row_id, scores_pct in demo.scores_pct.items():
        scores = ", ".join(f"{metric} {one:.2f}" for metric, one in scores_pct.items())
        out.print(f"{row_id}: {scores}")
    for name, size_bytes in demo.archive_bytes.items():
        out.print(f"{name}: {size_bytes / 1e6:.2f} MB")
