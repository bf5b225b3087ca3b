"""Makes the options that several commands share, from the one table of options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from harness.values import options
from harness.values.options import Option


def option_of(
    option: Option, *, help_text: str = "", minimum: int | None = None
) -> Any:
    """Return an option of the table as typer takes it.

    Args:
        option: of ``OPTIONS``; its environment twin is read where typer has to.
        help_text: a sentence, where it means something narrower to one command.
        minimum: of a number.
    """
    name = option.command_name or option.name
    has_opposite = not option.takes_value and option is not options.JSON
    sentence = help_text or f"{option.help[0].upper()}{option.help[1:]}."
    envvar = option.twin or None
    if option.twin_is_read_below:
        sentence, envvar = f"{sentence[:-1]} ({option.twin}).", None
    return typer.Option(
        f"{name}/--no-{name.lstrip('-')}" if has_opposite else name,
        envvar=envvar,
        metavar=option.metavar or None,
        help=sentence,
        min=minimum,
    )


def asks_debug(context: typer.Context) -> bool:
    """Whether ``zoo --debug`` stood before the command, or its twin says so."""
    return bool(context.find_root().params["debug"])


ZooName = Annotated[str, option_of(options.ZOO)]
AsJson = Annotated[bool, option_of(options.JSON)]
Records = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads Optional on every Python it supports
    option_of(options.RECORDS),
]
CacheFolder = Annotated[Path, option_of(options.ZOO_CACHE)]
Mirror = Annotated[Optional[str], option_of(options.MIRROR)]  # noqa: UP045
Offline = Annotated[bool, option_of(options.OFFLINE)]
CocoEngine = Annotated[Optional[str], option_of(options.COCO_ENGINE)]  # noqa: UP045
Runtime = Annotated[Optional[str], option_of(options.RUNTIME)]  # noqa: UP045
DataRoot = Annotated[Optional[Path], option_of(options.DATA_ROOT)]  # noqa: UP045
MaxImagePixels = Annotated[Optional[int], option_of(options.MAX_IMAGE_PIXELS)]  # noqa: UP045
DEFAULT_ZOO = options.ZOO.default
DEFAULT_CACHE = Path(options.ZOO_CACHE.default)
DEFAULT_RECORDS = Path(options.RECORDS.default)
