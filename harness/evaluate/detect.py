"""Runs several detectors over the images, and keeps their detections in the store."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.dataset.image import ImageEntry
from harness.dataset.views import View
from harness.errors import DetectionsInvalid, UsageError, located
from harness.evaluate.batches import BATCH_SIZE, Seen, read_ahead
from harness.evaluate.detector_run import (
    Detected,
    Detector,
    DetectorRun,
    Failed,
    Outcome,
)
from harness.evaluate.run_parts import RunParts, open_parts
from harness.evaluate.store import PART_IMAGES, DetectionStore, StoredParts
from harness.values.detections import ImageDetections

LOGGER = logging.getLogger(__name__)

#: Called with how many images are done and how many there are.
Progress = Callable[[int, int], None]

#: Called with how many images of each run are kept, by the digest of its key.
Stopped = Callable[[Mapping[str, int]], None]


#: Of an image that could not be read.
NOTHING = ImageDetections(
    classes=np.zeros(0, np.int32),
    scores=np.zeros(0, np.float32),
    boxes_xyxy=np.zeros((0, 4), np.float32),
)


def detect(
    images: Sequence[ImageEntry],
    runs: Sequence[DetectorRun],
    store: DetectionStore,
    *,
    fresh: bool = False,
    readers: int = 1,
    progress: Progress | None = None,
    stopped: Stopped = lambda kept_images: None,
    told_fault: Callable[[str], str] = str,
) -> tuple[Outcome, ...]:
    """Run every detector over the images that the store has no detections of.

    An image is read once for all detectors. One that cannot be read is a fault of the
    run, and has no detections. Detections are stored every ``PART_IMAGES`` images; when
    a signal stops the work, so are whole batches of the part under way. The failure of
    one run, of whatever kind, does not stop the others.

    Args:
        images: the dataset, in the order its detections shall have.
        runs: what to run; two of the same key are computed once.
        store: where detections are kept.
        fresh: first discard what the store holds of these runs.
        readers: batches that are read at once, ahead of the detectors.
        progress: told the images done so far, those of the store included.
        stopped: told what is kept when a signal stops the work.
        told_fault: what to store of why an image cannot be read.

    Returns:
        One outcome for each run, in order.

    Raises:
        KeyboardInterrupt: a signal stopped the work; the same call goes on from there.
    """
    image_ids = [image.image_id for image in images]
    jobs: dict[str, _Job] = {}
    for run in runs:
        digest = run.key.digest()
        if digest not in jobs:
            stored = store.open_run(run.key, image_ids)
            jobs[digest] = _open_job(run, stored, told_fault, fresh=fresh)
    try:
        _work(images, list(jobs.values()), progress or _silent, readers)
    except KeyboardInterrupt:
        try:
            for job in jobs.values():
                job.keep_begun()
        finally:
            stopped({digest: job.kept_images for digest, job in jobs.items()})
        raise
    outcomes = {digest: job.outcome() for digest, job in jobs.items()}
    return tuple(outcomes[run.key.digest()] for run in runs)


@dataclass(slots=True, kw_only=True)
class _Job:
    """A run under way."""

    input_px: int
    view: View
    stored: StoredParts
    told_fault: Callable[[str], str]
    parts: RunParts | None = None  # None until the store is read
    detector: Detector | None = None  # let go of when the job fails or is done
    error: Exception | None = None
    computed_images: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0

    def wants(self, start: int) -> bool:
        return self.error is None and self.parts is not None and self.parts.wants(start)

    @contextlib.contextmanager
    def failing_alone(self) -> Iterator[None]:
        """Keep an error as the job's own end, so that the others go on."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - told as the outcome of this run
            self.error = error
            self.detector = None

    def look_at(
        self, seen: Seen, part: int, image_ids: Sequence[int], *, ends_part: bool
    ) -> None:
        assert self.parts is not None
        by_image = dict.fromkeys(image_ids, NOTHING)
        if seen.image_ids:
            by_image |= zip(seen.image_ids, self._detect(seen), strict=True)
        self.computed_images += len(image_ids)
        faults = {key: self.told_fault(text) for key, text in seen.faults.items()}
        self.parts.add(part, list(by_image.values()), faults)
        if ends_part:
            self.parts.end_part()
            if not self.parts.missing:
                self.detector = None

    def keep_begun(self) -> None:
        if self.error is None and self.parts is not None:
            with self.failing_alone():
                self.parts.keep_begun()

    @property
    def kept_images(self) -> int:
        return 0 if self.parts is None else self.parts.kept_images

    def _detect(self, seen: Seen) -> list[ImageDetections]:
        assert self.detector is not None
        wall_s, cpu_s = time.perf_counter(), self.detector.cpu_clock_s()
        with located(f"images {seen.image_ids[0]} to {seen.image_ids[-1]}"):
            detections = self.detector.detect(seen.images_rgb, seen.sizes_hw)
            self.wall_s += time.perf_counter() - wall_s
            self.cpu_s += self.detector.cpu_clock_s() - cpu_s
            if len(detections) != len(seen.image_ids):
                raise DetectionsInvalid(
                    "images in the detector's answer",
                    expected=len(seen.image_ids),
                    got=len(detections),
                )
        return detections

    def outcome(self) -> Outcome:
        with self.failing_alone():
            if self.error is None:
                return Detected(
                    detections=self.stored.read_all(),
                    computed_images=self.computed_images,
                    wall_s=self.wall_s,
                    cpu_s=self.cpu_s,
                    faults=self.stored.read_faults(),
                )
        assert self.error is not None
        return Failed(error=self.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One batch of one part, and the jobs that want it."""

    part: int
    ends_part: bool
    entries: Sequence[ImageEntry]
    jobs: Sequence[_Job]

    @property
    def views(self) -> frozenset[View]:
        return frozenset(job.view for job in self.jobs)


def _open_job(
    run: DetectorRun,
    stored: StoredParts,
    told_fault: Callable[[str], str],
    *,
    fresh: bool,
) -> _Job:
    job = _Job(
        input_px=run.key.input_px, view=run.view, stored=stored, told_fault=told_fault
    )
    with job.failing_alone():
        if fresh:
            stored.discard()
        job.parts = open_parts(stored)
        LOGGER.info(
            "run %s: %d of %d images are in the store, %d parts are computed",
            run.key.digest(),
            job.parts.kept_images,
            len(stored.image_ids),
            len(job.parts.missing),
        )
        if job.parts.missing:
            detector = run.open_detector()
            if detector.input_px != job.input_px:
                raise UsageError(
                    "input size of the detector",
                    expected=f"{job.input_px} px, as its store key says",
                    got=f"{detector.input_px} px",
                )
            job.detector = detector
    return job


def _work(
    images: Sequence[ImageEntry],
    jobs: Sequence[_Job],
    progress: Progress,
    readers: int,
) -> None:
    done = len(images) - sum(len(step.entries) for step in _steps(images, jobs))
    progress(done, len(images))
    steps = read_ahead(_steps(images, jobs), readers=readers)
    with contextlib.closing(steps) as coming:
        for step, future in coming:
            image_ids = [entry.image_id for entry in step.entries]
            for job in step.jobs:
                if job.error is not None:
                    continue  # it failed while this batch was being read
                with job.failing_alone():
                    seen = future.result()[job.view]
                    job.look_at(seen, step.part, image_ids, ends_part=step.ends_part)
            done += len(step.entries)
            progress(done, len(images))


def _steps(images: Sequence[ImageEntry], jobs: Sequence[_Job]) -> Iterator[_Step]:
    """Give the batches that any job still wants, in the order of the images."""
    for start in range(0, len(images), BATCH_SIZE):
        part, end = start // PART_IMAGES, min(start + BATCH_SIZE, len(images))
        wanting = [job for job in jobs if job.wants(start)]
        if wanting:
            yield _Step(
                part=part,
                ends_part=end % PART_IMAGES == 0 or end == len(images),
                entries=images[start:end],
                jobs=wanting,
            )


def _silent(done_images: int, total_images: int) -> None:
    """Tell nobody."""
