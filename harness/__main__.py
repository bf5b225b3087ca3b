"""The command ``zoo``: parses a command line and runs the command it names.

Exit codes (design 3): 0 as asked; 1 a claim missed or a check failed; 2 usage;
3 incomplete, something could not be measured; 130 stopped by Ctrl-C, 143 by SIGTERM.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from harness import __version__
from harness.commands import (
    accept,
    cache,
    check,
    compare,
    data,
    demo,
    describe,
    export,
    fetch,
    gate,
    import_document,
    list_rows,
    plan,
    report,
    score,
    train,
)
from harness.commands.exits import (
    EXIT_FAILED,
    EXIT_INCOMPLETE,
    EXIT_USAGE,
    tell_refusal,
)
from harness.commands.json_option import asks_json, with_json_value
from harness.commands.log_lines import showing_log
from harness.commands.options import option_of
from harness.commands.printing import out
from harness.errors import (
    ArchiveUnavailable,
    DatasetMissing,
    DeviceMissing,
    HarnessError,
    UsageError,
)
from harness.files.own_folders import NOT_WRITABLE, cannot_write
from harness.process.stop_signal import stopping
from harness.values.options import DEBUG

#: What leaves a question open: nothing was found to be wrong.
MISSING = (ArchiveUnavailable, DatasetMissing, DeviceMissing)

#: What typer raises where words mean nothing: it exports no nearer name.
BAD_WORDS: type[Exception] = typer.BadParameter.__mro__[1]

app = typer.Typer(
    name="zoo",
    help="Says whether a model zoo's published numbers are still true.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("list")(list_rows.list_rows)
app.command("check")(check.check)
app.command("describe")(describe.describe)
app.command("import")(import_document.import_document)
app.command("fetch")(fetch.fetch)
app.command("report")(report.report)
app.command("gate")(gate.gate)
app.command("accept")(accept.accept)
app.command("score")(score.score)
app.command("export")(export.export)
app.command("compare")(compare.compare)
app.command("plan")(plan.plan)
app.command("train")(train.train)

data_app = typer.Typer(
    help="List, fetch, check and pin the published datasets.", no_args_is_help=True
)
data_app.command("list")(data.list_data)
data_app.command("fetch")(data.fetch_data)
data_app.command("check")(data.check_data)
data_app.command("pin")(data.pin_data)
app.add_typer(data_app, name="data")

cache_app = typer.Typer(
    help="List or remove archives and stored detections.", no_args_is_help=True
)
cache_app.command("list")(cache.list_cache)
cache_app.command("clear")(cache.clear_cache)
app.add_typer(cache_app, name="cache")

demo_app = typer.Typer(help="Make the embedded demo zoo again.", no_args_is_help=True)
demo_app.command("make")(demo.demo_make)
app.add_typer(demo_app, name="demo")


def _tell_version(asked: bool) -> None:
    if asked:
        out.print(f"zoo-harness {__version__}")
        raise typer.Exit


@app.callback()
def start(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback has acted
        bool,
        typer.Option(
            "--version",
            callback=_tell_version,
            is_eager=True,
            help="Print the version.",
        ),
    ] = False,
    verbose: Annotated[
        int,
        typer.Option(
            "--verbose",
            "-v",
            count=True,
            metavar="",
            show_default=False,
            help="Tell on standard error what was decided; twice: the details too.",
        ),
    ] = 0,
    debug: Annotated[bool, option_of(DEBUG)] = False,  # noqa: ARG001 - see asks_debug
) -> None:
    """Says whether a model zoo's published numbers are still true."""
    context.with_resource(showing_log(verbose))


def main() -> None:
    """Run the command; a refusal, or a signal, becomes one line and an exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # As stderr does: a path or a name that the encoding lacks is written out.
        sys.stdout.reconfigure(errors="backslashreplace")
    words = with_json_value(sys.argv[1:])
    as_json = asks_json(words)

    def refuse(error: HarnessError, exit_code: int) -> NoReturn:
        tell_refusal(error, exit_code=exit_code, as_json=as_json)
        sys.exit(exit_code)

    with stopping() as stop:
        try:
            if as_json:
                sys.exit(_run_telling_data(words))
            app(args=words)
        except UsageError as error:
            refuse(error, EXIT_USAGE)
        except HarnessError as error:
            is_missing = isinstance(error, MISSING)
            refuse(error, EXIT_INCOMPLETE if is_missing else EXIT_FAILED)
        except OSError as error:
            if error.errno not in NOT_WRITABLE:
                raise
            refuse(cannot_write(error), EXIT_USAGE)
        except (KeyboardInterrupt, SystemExit):
            if stop.number is None:
                raise
            stopped = HarnessError(
                "stopped", next_step="nothing half-written is left, start it again"
            )
            refuse(stopped, stop.exit_code)


def _run_telling_data(words: Sequence[str]) -> int:
    """Run the command; words that it does not understand become a refusal of ours."""
    try:
        return int(app(words, standalone_mode=False) or 0)
    except BAD_WORDS as error:
        raise UsageError(
            str(getattr(error, "message", "") or error),
            next_step="`zoo --help` lists the commands, and each has --help",
        ) from error


if __name__ == "__main__":
    main()
