"""The command ``zoo``: parses words and prints results; decides nothing.

Exit codes (design 3): 0 as asked; 1 a claim missed or a check failed; 2 usage;
3 incomplete, something could not be measured.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from rich.console import Console
from rich.table import Table

from harness import __version__
from harness.errors import ArchiveUnavailable, HarnessError, UsageError
from harness.registry.location import find_home
from harness.registry.zoo import open_zoo

EXIT_FAILED, EXIT_USAGE, EXIT_INCOMPLETE = 1, 2, 3

app = typer.Typer(
    name="zoo",
    help="Says whether a model zoo's published numbers are still true.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
demo_app = typer.Typer(help="The embedded demo zoo.", no_args_is_help=True)
app.add_typer(demo_app, name="demo")

out = Console(highlight=False, markup=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


class ValuesShown(StrEnum):
    """What the AP cells of a page hold."""

    MEASURED = "measured"
    PUBLISHED = "published"


ZooName = Annotated[str, typer.Option("--zoo", help="Name or folder of a zoo.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]
Records = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads Optional on every Python it supports
    typer.Option(
        envvar="ZOO_RECORDS", help="Folder of records; holds one folder per zoo."
    ),
]
CacheFolder = Annotated[
    Path,
    typer.Option("--zoo-cache", envvar="ZOO_CACHE", help="Archives and detections."),
]
Mirror = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(envvar="ZOO_MIRROR", help="Asked for archives first: URL or folder."),
]
Offline = Annotated[
    bool, typer.Option(envvar="ZOO_OFFLINE", help="Ask no host for archives.")
]
DEFAULT_ZOO = "january-2020"
DEFAULT_CACHE = Path(".zoo", "cache")
DEFAULT_RECORDS = Path(".zoo", "records")


@app.callback()
def version(
    version: Annotated[bool, typer.Option("--version", help="Print it.")] = False,
) -> None:
    """Says whether a model zoo's published numbers are still true."""
    if version:
        out.print(f"zoo-harness {__version__}")
        raise typer.Exit


@app.command("list")
def list_rows(zoo: ZooName = DEFAULT_ZOO, as_json: AsJson = False) -> None:
    """List the rows of a zoo with what was published of them."""
    found = open_zoo(zoo)
    rows = [
        {
            "row": row.row_id,
            "markers": sorted(row.markers),
            "printed": {one.metric: one.printed for one in found.claims[row.row_id]},
            "archive": row.archive,
            "url": found.archives[row.archive].url,
            "errata": [one.erratum_id for one in found.errata_of(row.row_id)],
        }
        for row in found.rows
    ]
    if as_json:
        _print_json({"zoo": found.name, "rows": rows})
        return
    _print_table(
        ("row", "published", "archive", "errata"),
        [
            (
                str(row.row_id),
                " / ".join(one.printed for one in found.claims[row.row_id]),
                row.archive,
                " ".join(one.erratum_id for one in found.errata_of(row.row_id)),
            )
            for row in found.rows
        ],
    )
    numbers = sum(len(one) for one in found.claims.values())
    out.print(
        f"{found.name}: {len(found.rows)} rows, {numbers} numbers, "
        f"{len(found.archives)} archives"
    )


@app.command()
def check(zoo: ZooName = DEFAULT_ZOO, as_json: AsJson = False) -> None:
    """Lint a zoo: rows, claims, errata, tolerance, and their joins both ways."""
    from harness.registry.lint import lint_zoo

    problems = lint_zoo(zoo, find_home())
    if as_json:
        _print_json({"zoo": zoo, "problems": list(problems)})
    else:
        for problem in problems:
            out.print(problem)
        out.print(f"{zoo}: {len(problems) or 'no'} problems")
    if problems:
        raise typer.Exit(EXIT_FAILED)


@app.command("import")
def import_file(
    document: Annotated[Path, typer.Argument(help="A published markdown document.")],
    zoo: Annotated[str, typer.Option("--zoo", help="Name of the new edition.")],
    output: Annotated[
        Path, typer.Option(help="Home folder to write cases/rows and expected into.")
    ] = Path(),
    source: Annotated[str, typer.Option(help="Where it was published.")] = "",
    edition: Annotated[str, typer.Option(help="Its commit or version.")] = "",
    date: Annotated[str, typer.Option(help="Its date, YYYY-MM-DD.")] = "",
    as_json: AsJson = False,
) -> None:
    """Read a published document into rows and claims."""
    from harness.pipeline.imported_document import import_document_file

    written = import_document_file(
        document, zoo=zoo, home=output, source=source, version=edition, date=date
    )
    if as_json:
        _print_json({"zoo": zoo, "written": [str(one) for one in written]})
    else:
        for path in written:
            out.print(str(path))


@app.command()
def fetch(
    names: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(metavar="[IDS]", help="Rows or archives; all when none."),
    ] = None,
    zoo: ZooName = DEFAULT_ZOO,
    pin: Annotated[bool, typer.Option(help="Record size and SHA-256.")] = False,
    cache: CacheFolder = DEFAULT_CACHE,
    mirror: Mirror = None,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Fetch archives into the cache, checked against what is pinned."""
    from harness.pipeline.embedded import serving
    from harness.pipeline.fetched_archives import (
        archives_of,
        fetch_archives,
        pin_archives,
    )
    from harness.pipeline.progress_lines import ProgressLines
    from harness.pipeline.settings import Settings

    found = open_zoo(zoo)
    archives = archives_of(found, names or [])
    settings = Settings(
        cache=cache.absolute(),
        records=DEFAULT_RECORDS,
        data_root=None,
        mirror=mirror,
        offline=offline,
    )
    with serving(found, settings) as settings:
        fetched = fetch_archives(
            archives, settings, fetching=ProgressLines(err.print).fetching
        )
    if pin:
        pin_archives(found, find_home(), fetched)
    told = [
        {
            "archive": one.archive.name,
            "path": str(one.got.path) if one.got else None,
            "source": one.got.source if one.got else None,
            "sha256": one.got.sha256 if one.got else None,
            "size_bytes": one.got.size_bytes if one.got else None,
            "refusal": str(one.refusal) if one.refusal else None,
        }
        for one in fetched
    ]
    if as_json:
        _print_json({"zoo": found.name, "archives": told})
    else:
        for one in fetched:
            if one.got:
                out.print(f"{one.archive.name}: {one.got.sha256} {one.got.path}")
            else:
                err.print(f"{one.archive.name}: {one.refusal}")
    refusals = [one.refusal for one in fetched if one.refusal]
    if any(not isinstance(one, ArchiveUnavailable) for one in refusals):
        raise typer.Exit(EXIT_FAILED)
    if refusals:
        raise typer.Exit(EXIT_INCOMPLETE)


@app.command()
def report(
    zoo: ZooName = DEFAULT_ZOO,
    records: Records = None,
    values: Annotated[ValuesShown, typer.Option()] = ValuesShown.MEASURED,
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Folder of the pages; reports/<zoo> when not given."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Compare, not write.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the zoo's pages from records, or prove that they are current."""
    from harness.pipeline import document
    from harness.record_files import read_records
    from harness.report.pages import Values
    from harness.report.summary import summarise, summary_json, summary_text

    found, home = open_zoo(zoo), find_home()
    folder = records / found.name if records else None
    folder = folder or document.accepted_records(home, found.name)
    pages = output or document.pages_folder(home, found.name)
    shown = Values(values)
    if check:
        difference = document.check_pages(found, folder, pages, shown)
        if as_json:
            _print_json({"zoo": found.name, "current": not difference})
        else:
            out.print(difference or f"{pages}: current")
        if difference:
            raise typer.Exit(EXIT_FAILED)
        return
    written = document.write_pages(found, folder, pages, shown)
    row_ids = [row.row_id for row in found.rows]
    made = read_records(folder)
    if as_json:
        out.print(summary_json(found, made, row_ids), end="")
        return
    out.print(summary_text(summarise(found, made, row_ids)))
    for path in written:
        out.print(f"page: {path}")


@app.command()
def gate(
    zoo: ZooName = DEFAULT_ZOO,
    records: Records = None,
    baseline: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Records of an earlier release, like --records."),
    ] = None,
    as_json: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--json", metavar="FILE", help="Write JSON there; - prints it."),
    ] = None,
) -> None:
    """Say whether the records of a zoo let a release pass."""
    from harness.pipeline.gate import gate as judge
    from harness.pipeline.gate import gate_json
    from harness.pipeline.known_datasets import known_datasets
    from harness.registry.waivers import read_waivers
    from harness.report.summary import counts_line

    found, home = open_zoo(zoo), find_home()
    made = judge(
        found,
        (records or DEFAULT_RECORDS) / found.name,
        baseline=baseline / found.name if baseline else None,
        waivers=read_waivers(home / "expected" / "waivers.toml"),
        today=dt.datetime.now(tz=dt.UTC).date(),
        known_datasets=known_datasets(found, home),
    )
    if as_json == Path("-"):
        out.print(gate_json(made), end="")
    else:
        if as_json:
            from harness.atomic import write_text

            write_text(as_json, gate_json(made))
        for finding in made.findings:
            out.print(f"{'FAIL' if finding.fails else 'miss'}  {finding.message}")
        out.print(counts_line(made.counts))
        out.print(f"gate: {'passed' if made.exit_code == 0 else 'shut'}")
    raise typer.Exit(made.exit_code)


@app.command()
def accept(
    row_ids: Annotated[list[str], typer.Argument(metavar="ID...")],
    reason: Annotated[str, typer.Option(help="Why; kept beside the records.")],
    zoo: ZooName = DEFAULT_ZOO,
    records: Records = None,
    repeat: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Records of a second run; measured again when not given."),
    ] = None,
    data_root: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(envvar="ZOO_DATA_ROOT", help="Datasets, for the repeat."),
    ] = None,
    cache: CacheFolder = DEFAULT_CACHE,
    mirror: Mirror = None,
    offline: Offline = False,
    gpu: Annotated[bool, typer.Option(help="Repeat on the GPU.")] = False,
    as_json: AsJson = False,
) -> None:
    """Promote records to the committed ones, if a repeat gives the same numbers."""
    import tempfile

    from harness.pipeline.accept import accept as promote
    from harness.pipeline.document import accepted_records
    from harness.pipeline.known_datasets import known_datasets
    from harness.pipeline.progress_lines import ProgressLines
    from harness.pipeline.repeated_rows import repeat_rows
    from harness.pipeline.settings import Settings

    found, home = open_zoo(zoo), find_home()
    facts = known_datasets(found, home)
    with tempfile.TemporaryDirectory() as folder:
        repeated = repeat or Path(folder)
        if repeat is None:
            lines = ProgressLines(err.print)
            settings = Settings(
                cache=cache.absolute(),
                records=repeated / found.name,
                data_root=data_root,
                mirror=mirror,
                offline=offline,
                gpu=gpu,
                known_datasets=facts,
            )
            repeat_rows(
                found,
                row_ids,
                settings,
                watcher=lines.watcher(),
                drawing=lines.drawing,
            )
        accepted = promote(
            found,
            row_ids,
            records=(records or DEFAULT_RECORDS) / found.name,
            repeat_records=repeated / found.name,
            into=accepted_records(home, found.name),
            reason=reason,
            known_datasets=facts,
        )
    if as_json:
        _print_json([{"row": one.row_id, "path": str(one.path)} for one in accepted])
    else:
        for one in accepted:
            out.print(f"{one.row_id}: {one.path}")


@demo_app.command("make")
def demo_make(
    work: Annotated[Path, typer.Option(help="Keeps checkpoints.")] = Path(
        ".zoo", "demo-make"
    ),
    as_json: AsJson = False,
) -> None:
    """Make the demo zoo again: train, prune, pack, measure; goes on where it was."""
    from harness.pipeline.demo import make_demo
    from harness.pipeline.progress_lines import ProgressLines

    lines = ProgressLines(err.print)
    made = make_demo(
        find_home(), work.absolute(), training=lines.training, telling=err.print
    )
    if as_json:
        _print_json(
            {"ap_pct": dict(made.ap_pct), "archive_bytes": dict(made.archive_bytes)}
        )
        return
    for row_id, ap_pct in made.ap_pct.items():
        out.print(f"{row_id}: AP {ap_pct:.2f}")
    for name, size_bytes in made.archive_bytes.items():
        out.print(f"{name}: {size_bytes / 1e6:.2f} MB")


def _print_json(data: Any) -> None:
    out.print(json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False))


def _print_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: drawn on a terminal, plain aligned lines in a log."""
    if out.is_terminal:
        table = Table(*titles)
        for row in rows:
            table.add_row(*row)
        out.print(table)
    else:
        from harness.report.plain_table import plain_table

        out.print(plain_table(titles, rows))


def main() -> None:
    """Run the command; a refusal becomes one line and an exit code."""
    try:
        app()
    except UsageError as error:
        err.print(f"zoo: {error}")
        sys.exit(EXIT_USAGE)
    except HarnessError as error:
        err.print(f"zoo: {error}")
        sys.exit(EXIT_FAILED)


if __name__ == "__main__":
    main()
