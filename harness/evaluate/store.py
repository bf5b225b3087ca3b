"""Keeps a run's detections in parts, so that a killed run goes on where it was.

::

    <store>/<digest of the key>/key.json        what the digest stands for
    <store>/<digest of the key>/part-00000.npz  the first PART_IMAGES images
    <store>/<digest of the key>/begun-00001.npz the first of the next ones

A part that is missing, damaged or of another run counts as not computed. A part that
was under way when its run was stopped is finished by the next run.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from harness.errors import DetectionsInvalid
from harness.files.atomic import replacing, write_text
from harness.files.own_folders import CACHE, writing
from harness.model.boxes.revision import DETECTION_REVISION
from harness.printable import printable
from harness.values.detections import Detections, join_detections
from harness.values.records import without_empty

LOGGER = logging.getLogger(__name__)

#: Detections of a part, and why images of it could not be read.
Part: TypeAlias = tuple[Detections, dict[int, str]]

#: Images of one part: what a killed run loses at most; one that is stopped loses a
#: batch. A multiple of the batch size, so that a run that goes on forms the batches
#: that an unbroken one does.
PART_IMAGES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreKey:
    """Everything that sets the detections of a run (design 3, store key)."""

    archive_sha256: str
    dataset_fingerprint: str
    protocol: Mapping[str, str]  # "score_threshold": "0.01", ...
    input_px: int
    paddle: str
    device_model: str
    precision: str  # "float32"
    graph_optimiser: str  # "on" | "off"
    decoder: str  # "opencv-python-headless 4.11.0.86"
    detection_revision: int = DETECTION_REVISION
    #: Of a runtime beside Paddle; all three are empty for Paddle.
    runtime: str = ""  # "torch 2.14.1, torchvision 0.29.1"
    libraries: str = ""  # "CUDA 13.0, cuDNN 9.24.0"
    arithmetic: str = ""  # "TF32 off in matmul and cuDNN, ..."

    def to_json(self) -> str:
        """Return the parts as canonical JSON: sorted keys, two spaces, final LF.

        What is empty of another runtime is left out: a key of Paddle has none of it.
        """
        parts = without_empty(asdict(self))
        return json.dumps(parts, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    def digest(self) -> str:
        """Return the sha256 that names the run's folder in a store."""
        return hashlib.sha256(self.to_json().encode("utf-8")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredParts:
    """The parts of one run: one key over one sequence of images."""

    folder: Path
    key: StoreKey
    image_ids: tuple[int, ...]  # in the order they are looked at

    @property
    def part_count(self) -> int:
        """How many parts the run has; the last may be short."""
        return -(-len(self.image_ids) // PART_IMAGES)

    def part_image_ids(self, part: int) -> tuple[int, ...]:
        """Return the images of a part, in order."""
        return self.image_ids[part * PART_IMAGES : (part + 1) * PART_IMAGES]

    def missing_parts(self) -> tuple[int, ...]:
        """Return the parts that have to be computed, ascending.

        Every stored part is read and checked.
        """
        return tuple(
            part
            for part in range(self.part_count)
            if self._read(part, self._path(part)) is None
        )

    def write_part(
        self, part: int, detections: Detections, faults: Mapping[int, str]
    ) -> None:
        """Keep the detections of a part, whole or not at all.

        Args:
            part: its place in the run.
            detections: of its images.
            faults: image id -> why it could not be read.

        Raises:
            DetectionsInvalid: they are not of the part's images in order, or are such
                that no metric may score them.
            UsageError: the cache cannot be written, or its disk is full.
        """
        self._write(part, detections, faults, self._path(part))
        self._begun_path(part).unlink(missing_ok=True)

    def write_begun(
        self, part: int, detections: Detections, faults: Mapping[int, str]
    ) -> None:
        """Keep the detections of the first images of a part, whole or not at all.

        Raises:
            DetectionsInvalid: as for a whole part.
            UsageError: likewise.
        """
        self._write(part, detections, faults, self._begun_path(part))

    def read_begun(self, part: int) -> Part | None:
        """Return what is kept of a part's first images; None when nothing sound is."""
        return self._read(part, self._begun_path(part))

    def _write(
        self, part: int, detections: Detections, faults: Mapping[int, str], path: Path
    ) -> None:
        detections.check()
        got = tuple(detections.evaluated_ids.tolist())
        expected = self._expected_ids(part, got, path)
        if got != expected:
            raise DetectionsInvalid(
                f"evaluated images of part {part}", expected=expected, got=got
            )
        explanation = self.folder / "key.json"
        with writing(self.folder, CACHE):
            if not explanation.exists():
                write_text(explanation, self.key.to_json())
            with replacing(path) as beside, beside.open("wb") as file:
                np.savez_compressed(
                    file,
                    digest=np.array(self._part_digest(detections, faults)),
                    faults=np.array(_faults_text(faults)),
                    **detections.arrays(),
                )

    def _expected_ids(
        self, part: int, got: tuple[int, ...], path: Path
    ) -> tuple[int, ...]:
        """Return the images that a file of a part is of: all, or as many as begun."""
        is_whole = path == self._path(part)
        return self.part_image_ids(part)[: None if is_whole else len(got)]

    def read_all(self) -> Detections:
        """Return the detections of every image, in the run's order.

        Raises:
            DetectionsInvalid: a part is missing or damaged.
        """
        return join_detections([detections for detections, _ in self._read_parts()])

    def read_faults(self) -> dict[int, str]:
        """Return why images could not be read, by image id.

        Raises:
            DetectionsInvalid: a part is missing or damaged.
        """
        told: dict[int, str] = {}
        for _, faults in self._read_parts():
            told |= faults
        return told

    def _read_parts(self) -> Iterator[Part]:
        for part in range(self.part_count):
            read = self._read(part, self._path(part))
            if read is None:
                raise DetectionsInvalid(
                    f"part {part} of {self.folder}",
                    expected=f"{self.part_count} whole parts",
                    got="a missing or damaged one",
                    next_step="run again: only what is missing is computed",
                )
            yield read

    def discard(self) -> None:
        """Forget every part, so that all of them have to be computed.

        Raises:
            UsageError: the cache cannot be written.
        """
        with writing(self.folder, CACHE):
            for kind in ("part-*.npz", "begun-*.npz"):
                for path in self.folder.glob(kind):
                    path.unlink(missing_ok=True)

    def _path(self, part: int) -> Path:
        return self.folder / f"part-{part:05d}.npz"

    def _begun_path(self, part: int) -> Path:
        return self.folder / f"begun-{part:05d}.npz"

    def _part_digest(self, detections: Detections, faults: Mapping[int, str]) -> str:
        # With the key, a file copied from another run is not taken; the images that
        # the values name say which part it is.
        text = f"{self.key.digest()}:{detections.sha256()}:{_faults_text(faults)}"
        return hashlib.sha256(text.encode()).hexdigest()

    def _read(self, part: int, path: Path) -> Part | None:
        """Return what a file holds, or None: missing, damaged or of something else."""
        try:
            # Opened here: np.load leaves the file of a damaged zip open.
            with (
                path.open("rb") as file,
                np.load(file, allow_pickle=False) as arrays,
            ):
                digest = str(arrays["digest"])
                faults = _faults_of(str(arrays["faults"]))
                detections = Detections(
                    evaluated_ids=arrays["evaluated_ids"],
                    image_ids=arrays["image_ids"],
                    classes=arrays["classes"],
                    scores=arrays["scores"],
                    boxes_xyxy=arrays["boxes_xyxy"],
                )
        except FileNotFoundError:
            return None
        except Exception as error:  # noqa: BLE001 - damage has many faces
            _log_not_taken(path, error)
            return None
        if digest != self._part_digest(detections, faults):
            _log_not_taken(path, "its digest is not that of its values and key")
            return None
        got = tuple(detections.evaluated_ids.tolist())
        if got != self._expected_ids(part, got, path):
            _log_not_taken(path, "it is of other images")
            return None
        return detections, faults


def _log_not_taken(path: Path, why: object) -> None:
    """Log why a file of the store counts as not computed."""
    LOGGER.info("%s is not taken from the store: %s", path, printable(why))


def _faults_text(faults: Mapping[int, str]) -> str:
    return json.dumps({str(key): faults[key] for key in sorted(faults)})


def _faults_of(text: str) -> dict[int, str]:
    return {int(key): str(told) for key, told in json.loads(text).items()}


@dataclass(frozen=True, slots=True)
class DetectionStore:
    """A folder of runs, each under the digest of its key."""

    folder: Path

    def open_run(self, key: StoreKey, image_ids: Sequence[int]) -> StoredParts:
        """Return the run of that key over those images; nothing is made on disk."""
        return StoredParts(
            folder=self.folder / key.digest(), key=key, image_ids=tuple(image_ids)
        )
