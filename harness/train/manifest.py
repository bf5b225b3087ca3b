"""Writes and reads what a trained archive says of its making: ``trained.json``.

It lies in the archive beside the files of the variables. The same training in the same
environment gives the same bytes: it holds no clock and no path. What is read may be
anybody's: it is limited in size and held to its form, and nothing acts on it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import ArchiveUnreadable, located, refusing_unreadable

FILE_NAME = "trained.json"
FORMAT = 1
#: Most that is read; the longest real one has 40 kB.
MOST_BYTES = 1024 * 1024
NEXT_STEP = "pack the archive again with `zoo train`"


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginUsed:
    """Weights that a training really took."""

    role: str  # "start" | "teacher"
    archive: str
    #: The printed address, whichever mirror served it; or the recipe that made it here.
    source: str
    sha256: str
    size_bytes: int
    taken: int  # variables
    new: int  # variables that it has not, and that were drawn
    left: tuple[str, ...]  # its variables that the network has not


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSetUsed:
    """The images that a training really learnt from."""

    dataset: str
    split: str
    fingerprint: str
    image_count: int  # those with ground truth
    listed_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LossPoint:
    """The losses of one step."""

    step: int  # steps done
    losses: Mapping[str, float]  # by part


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePoint:
    """An evaluation on the way."""

    step: int  # steps done
    ap_pct: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """How the weights of an archive were made."""

    format: int
    archive: str
    recipe_id: str
    recipe_sha256: str  # of the recipe without its name
    recipe: Mapping[str, Any]
    subject_sha256: str  # of all that sets the weights but the count of steps
    seed: int
    batch: int
    steps: int
    of_steps: int  # of the whole schedule, for the batch
    origins: tuple[OriginUsed, ...]
    training_set: TrainingSetUsed
    versions: Mapping[str, str]
    device: str
    device_model: str
    losses: tuple[LossPoint, ...]
    scores: tuple[ScorePoint, ...]
    notes: tuple[str, ...]

    @property
    def is_finished(self) -> bool:
        """Whether the schedule was followed to its end."""
        return self.steps == self.of_steps

    @property
    def last_ap_pct(self) -> float | None:
        """The AP of the archive's own weights; None where they were not evaluated."""
        scores = (one.ap_pct for one in self.scores if one.step == self.steps)
        return next(scores, None)


def manifest_bytes(manifest: Manifest) -> bytes:
    """Return the JSON of a manifest: sorted keys, two spaces, LF."""
    text = json.dumps(asdict(manifest), indent=2, sort_keys=True, allow_nan=False)
    return f"{text}\n".encode()


def read_manifest(folder: Path) -> Manifest | None:
    """Return what an archive's folder says of its making; None where it says nothing.

    Raises:
        ArchiveUnreadable: there is such a file, and it is none of ours.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        return None
    with located(FILE_NAME), refusing_unreadable(ArchiveUnreadable, NEXT_STEP):
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise ArchiveUnreadable(
                "length",
                expected=f"at most {MOST_BYTES} bytes",
                got=f"{path.stat().st_size} bytes",
                next_step=NEXT_STEP,
            )
        return parse_manifest(content)


def parse_manifest(content: bytes) -> Manifest:
    """Return the manifest that some JSON is.

    Raises:
        ArchiveUnreadable: it is none, or of another version.
    """
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ArchiveUnreadable(
            "not a manifest",
            expected="what `zoo train` writes",
            got=str(error),
            next_step=NEXT_STEP,
        ) from error
    if manifest.format != FORMAT:
        raise ArchiveUnreadable(
            "format of the manifest",
            expected=FORMAT,
            got=manifest.format,
            next_step="read it with the version that wrote it",
        )
    return manifest
