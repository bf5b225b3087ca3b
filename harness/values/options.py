"""The options of pytest, and those that it shares with ``zoo``: one table.

The options of pytest (``plugin/options.py``) and of the commands
(``commands/options.py``) are made from it. ``plugin/early.py`` reads in it which of
them take a value. An option of one command alone is declared beside that command.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What follows an option on the command line."""

    SWITCH = "switch"  # nothing: it is given or not
    TEXT = "text"
    NUMBER = "number"  # whole
    FOLDER = "folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option, as users know it."""

    name: str  # "--zoo-cache"
    kind: Kind
    help: str  # begins small and has no full stop; twin and default are added
    metavar: str = ""
    twin: str = ""  # variable of the environment that says it where the option does not
    #: What holds where neither says anything; "": the room that heeds it knows.
    default: str = ""
    in_pytest: bool = True
    in_commands: bool = True
    command_name: str = ""  # where the command has another name for it
    #: The room that heeds the option reads its twin itself, whoever started it.
    twin_is_read_below: bool = False

    @property
    def takes_value(self) -> bool:
        """Whether a word of the command line belongs to it."""
        return self.kind is not Kind.SWITCH

    @property
    def field(self) -> str:
        """Its name as Python spells it: ``"zoo_cache"``."""
        return self.name.lstrip("-").replace("-", "_")


ZOO = Option(
    name="--zoo",
    kind=Kind.TEXT,
    metavar="NAME|PATH",
    default="january-2020",
    help="name or folder of a zoo; `demo` is the embedded one",
)
GPU = Option(
    name="--gpu", kind=Kind.SWITCH, help="compute on the GPU, or refuse to start"
)
RUNTIME = Option(
    name="--runtime",
    kind=Kind.TEXT,
    metavar="paddle|torch",
    twin="ZOO_RUNTIME",
    default="paddle",
    help="the framework that networks run on, of those that are installed",
)
DATA_ROOT = Option(
    name="--data-root",
    kind=Kind.FOLDER,
    metavar="DIR",
    twin="ZOO_DATA_ROOT",
    help="folder of the published datasets",
)
ZOO_CACHE = Option(
    name="--zoo-cache",
    kind=Kind.FOLDER,
    metavar="DIR",
    twin="ZOO_CACHE",
    default=".zoo/cache",
    help="folder of archives and stored detections",
)
RECORDS = Option(
    name="--records",
    kind=Kind.FOLDER,
    metavar="DIR",
    twin="ZOO_RECORDS",
    default=".zoo/records",
    help="folder of records; it holds one folder per zoo",
)
MIRROR = Option(
    name="--mirror",
    kind=Kind.TEXT,
    metavar="URL|DIR",
    twin="ZOO_MIRROR",
    help="where archives are asked for first",
)
OFFLINE = Option(
    name="--offline",
    kind=Kind.SWITCH,
    twin="ZOO_OFFLINE",
    help="ask no host: cache and folders only",
)
REQUIRE_MEASURED = Option(
    name="--require-measured",
    kind=Kind.SWITCH,
    in_commands=False,
    help="fail rows that could not be measured, in place of skipping them",
)
RETRAIN = Option(
    name="--retrain",
    kind=Kind.TEXT,
    in_commands=False,
    help="measure rows from archives that are trained here, by their recipes",
)
MAX_HOURS = Option(
    name="--max-hours",
    kind=Kind.NUMBER,
    metavar="H",
    twin="ZOO_MAX_HOURS",
    default="24",
    help="a training that would take longer on this machine is refused",
)
BATCH = Option(
    name="--batch",
    kind=Kind.NUMBER,
    metavar="N",
    help="images of a training's step; its schedule is scaled to them",
)
LIMIT = Option(
    name="--limit",
    kind=Kind.NUMBER,
    metavar="N",
    help="only the first N images of a dataset: the verdict is `partial`",
)
MAX_IMAGE_PIXELS = Option(
    name="--max-image-pixels",
    kind=Kind.NUMBER,
    metavar="N",
    twin="ZOO_MAX_IMAGE_PIXELS",
    twin_is_read_below=True,
    help="an image of more pixels is a fault of the dataset",
)
FRESH = Option(
    name="--fresh", kind=Kind.SWITCH, help="detect again, whatever is stored already"
)
COCO_ENGINE = Option(
    name="--coco-engine",
    kind=Kind.TEXT,
    metavar="NAME",
    help="what scores COCO: pycocotools, the judge, or ultrafast-pycocotools",
)
PRECISION = Option(
    name="--precision",
    kind=Kind.TEXT,
    in_commands=False,
    help="what the processor computes in; other than float32 is never judged",
)
PROGRAM_MEMORY = Option(
    name="--program-memory",
    kind=Kind.TEXT,
    metavar="GB",
    twin="ZOO_PROGRAM_MEMORY",
    twin_is_read_below=True,
    in_commands=False,
    help="memory that the program of an archive may take",
)
PROGRAM_SECONDS = Option(
    name="--program-seconds",
    kind=Kind.TEXT,
    metavar="S",
    twin="ZOO_PROGRAM_SECONDS",
    twin_is_read_below=True,
    in_commands=False,
    help="seconds that each of the first batches of a program may take",
)
DEBUG = Option(
    name="--zoo-debug",
    kind=Kind.SWITCH,
    twin="ZOO_DEBUG",
    command_name="--debug",
    help="let an unexpected error through with its traceback, and stop there",
)
JSON = Option(
    name="--json",
    kind=Kind.SWITCH,
    in_pytest=False,
    help="print JSON instead",
)

OPTIONS: tuple[Option, ...] = (
    ZOO,
    GPU,
    RUNTIME,
    DATA_ROOT,
    ZOO_CACHE,
    RECORDS,
    MIRROR,
    OFFLINE,
    REQUIRE_MEASURED,
    RETRAIN,
    MAX_HOURS,
    BATCH,
    LIMIT,
    MAX_IMAGE_PIXELS,
    FRESH,
    COCO_ENGINE,
    PRECISION,
    PROGRAM_MEMORY,
    PROGRAM_SECONDS,
    DEBUG,
    JSON,
)
