import errno
import logging
import os
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.dataset import views
from harness.dataset.image import ImageEntry, read_rgb
from harness.dataset.resize import resize_cubic
from harness.dataset.views import AsItIs, Square
from harness.errors import (
    ArchiveUnreadable,
    DetectionsInvalid,
    UsageError,
)
from harness.evaluate import detect as detect_module
from harness.evaluate.batches import BATCH_SIZE
from harness.evaluate.detect import detect
from harness.evaluate.detector_run import (
    Detected,
    Detector,
    DetectorRun,
    Failed,
    Outcome,
)
from harness.evaluate.store import PART_IMAGES, DetectionStore, StoreKey
from harness.values.detections import Detections, ImageDetections

Images = tuple[ImageEntry, ...]
KeyOf = Callable[..., StoreKey]
Pixels = NDArray[np.uint8]

VIEW = Square(input_px=32)


class FakeDetector:
    """Finds one box as large as the image, of a class told by its colour.

    Images of a colour divisible by five have nothing in them.
    """

    def __init__(self, input_px: int = 32) -> None:
        self.input_px = input_px
        self.calls: list[int] = []  # images of each call

    def detect(
        self, images_rgb: Pixels, sizes_hw: NDArray[np.int32]
    ) -> list[ImageDetections]:
        self.calls.append(len(images_rgb))
        assert images_rgb.shape == (len(sizes_hw), self.input_px, self.input_px, 3)
        return [
            self.look(int(pixels[0, 0, 0]), height, width)
            for pixels, (height, width) in zip(
                images_rgb, sizes_hw.tolist(), strict=True
            )
        ]

    def cpu_clock_s(self) -> float:
        return time.process_time()

    def look(self, colour: int, height: int, width: int) -> ImageDetections:
        count = 0 if colour % 5 == 0 else 1
        return ImageDetections(
            classes=np.full(count, colour, np.int32),
            scores=np.full(count, colour / 256, np.float32),
            boxes_xyxy=np.array([[0, 0, width, height]] * count, np.float32).reshape(
                -1, 4
            ),
        )


class FailingDetector(FakeDetector):
    """Raises at a colour."""

    def __init__(self, colour: int, error: BaseException) -> None:
        super().__init__()
        self.colour, self.error = colour, error

    def look(self, colour: int, height: int, width: int) -> ImageDetections:
        if colour == self.colour:
            raise self.error
        return super().look(colour, height, width)


def run_of(key: StoreKey, detector: Detector) -> DetectorRun:
    return DetectorRun(
        key=key,
        view=Square(input_px=key.input_px),
        open_detector=lambda: detector,
    )


def detected(outcome: Outcome) -> Detected:
    assert isinstance(outcome, Detected), outcome
    return outcome


def failed(outcome: Outcome) -> Exception:
    assert isinstance(outcome, Failed), outcome
    return outcome.error


def expected_detections(images: Images) -> Detections:
    full = [(k, image) for k, image in enumerate(images) if (k + 1) % 5]
    return Detections(
        evaluated_ids=np.array([image.image_id for image in images], np.int64),
        image_ids=np.array([image.image_id for _, image in full], np.int64),
        classes=np.array([k + 1 for k, _ in full], np.int32),
        scores=np.array([(k + 1) / 256 for k, _ in full], np.float32),
        boxes_xyxy=np.array(
            [[0, 0, image.width_px, image.height_px] for _, image in full], np.float32
        ),
    )


@pytest.fixture
def store(tmp_path: Path) -> DetectionStore:
    return DetectionStore(tmp_path / "store")


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Counts of images read and resized."""
    counts = {"reads": 0, "resizes": 0}

    def read(path: Path) -> Pixels:
        counts["reads"] += 1
        return read_rgb(path)

    def resize(rgb: Pixels, input_px: int) -> Pixels:
        counts["resizes"] += 1
        return resize_cubic(rgb, input_px)

    monkeypatch.setitem(views.DECODERS, "opencv", read)
    monkeypatch.setattr(views, "resize_cubic", resize)
    return counts


# --- one detector ---------------------------------------------------------------------


def test_every_image_is_seen_once_in_batches_of_eight(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf
) -> None:
    detector = FakeDetector()

    (outcome,) = detect(drawn_images, [run_of(key_of(), detector)], store)

    found = detected(outcome)
    assert found.detections.sha256() == expected_detections(drawn_images).sha256()
    assert detector.calls == [8] * 18 + [6]  # 150 images, the last batch kept
    assert found.computed_images == 150
    assert not found.replayed
    assert found.wall_s > 0
    assert found.cpu_s > 0


def test_seconds_are_summed_of_the_calls_of_the_detector_alone(
    drawn_images: Images,
    store: DetectionStore,
    key_of: KeyOf,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    detector = FakeDetector()
    clocks = {"wall": iter([1.0, 3.0, 10.0, 15.0]), "cpu": iter([5.0, 6.0, 20.0, 23.0])}
    monkeypatch.setattr(detector, "cpu_clock_s", clocks["cpu"].__next__)
    monkeypatch.setattr(
        detect_module, "time", SimpleNamespace(perf_counter=clocks["wall"].__next__)
    )

    (outcome,) = detect(drawn_images[:16], [run_of(key_of(), detector)], store)

    found = detected(outcome)
    assert (found.wall_s, found.cpu_s) == (2 + 5, 1 + 3)


def test_a_second_run_is_a_replay_without_network_or_images(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf, work: dict[str, int]
) -> None:
    (first,) = detect(drawn_images, [run_of(key_of(), FakeDetector())], store)
    work.update(reads=0)

    def refuse() -> Detector:
        pytest.fail("a replay opened the detector")

    (second,) = detect(
        drawn_images,
        [DetectorRun(key=key_of(), view=VIEW, open_detector=refuse)],
        store,
    )

    again = detected(second)
    assert again.replayed
    assert (again.computed_images, again.wall_s, again.cpu_s) == (0, 0, 0)
    assert again.detections.sha256() == detected(first).detections.sha256()
    assert work["reads"] == 0


def test_a_fresh_run_measures_again(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf
) -> None:
    images = drawn_images[:20]
    detect(images, [run_of(key_of(), FakeDetector())], store)
    detector = FakeDetector()

    (outcome,) = detect(images, [run_of(key_of(), detector)], store, fresh=True)

    assert detected(outcome).computed_images == 20
    assert detector.calls == [8, 8, 4]


def test_another_key_is_another_measurement(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf
) -> None:
    images = drawn_images[:8]
    detect(images, [run_of(key_of(), FakeDetector())], store)

    (outcome,) = detect(
        images, [run_of(key_of(graph_optimiser="off"), FakeDetector())], store
    )

    assert not detected(outcome).replayed


def test_progress_counts_images_up_to_all(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf
) -> None:
    told: list[tuple[int, int]] = []

    detect(
        drawn_images[:20],
        [run_of(key_of(), FakeDetector())],
        store,
        progress=lambda done, total: told.append((done, total)),
    )

    assert told == [(0, 20), (8, 20), (16, 20), (20, 20)]


def test_no_images_make_no_detections(store: DetectionStore, key_of: KeyOf) -> None:
    (outcome,) = detect([], [run_of(key_of(), FakeDetector())], store)

    assert len(detected(outcome).detections.evaluated_ids) == 0


# --- killed and damaged ---------------------------------------------------------------


@pytest.mark.parametrize("colour", [1, 64, 65, 70, 130, 150])
def test_a_stopped_run_goes_on_at_the_batch_where_it_was(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf, colour: int
) -> None:
    stopped, counts = FailingDetector(colour, KeyboardInterrupt()), []
    runs = [run_of(key_of(), stopped)]
    with pytest.raises(KeyboardInterrupt):
        detect(drawn_images, runs, store, stopped=counts.append)
    detector, told = FakeDetector(), []

    (outcome,) = detect(
        drawn_images,
        [run_of(key_of(), detector)],
        store,
        progress=lambda done, _: told.append(done),
    )

    kept = (colour - 1) // BATCH_SIZE * BATCH_SIZE
    found = detected(outcome)
    assert found.detections.sha256() == expected_detections(drawn_images).sha256()
    assert found.computed_images == sum(detector.calls) == 150 - kept
    assert not found.replayed
    assert (told[0], told[-1]) == (kept, 150)
    assert counts == [{key_of().digest(): kept}]
    assert not list(store.folder.glob("*/begun-*"))


def test_of_a_run_that_failed_nothing_is_kept_when_another_is_stopped(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf
) -> None:
    failing = run_of(
        key_of(archive_sha256="b" * 64), FailingDetector(12, RuntimeError("failed"))
    )
    stopped = run_of(key_of(), FailingDetector(30, KeyboardInterrupt()))
    counts: list[Mapping[str, int]] = []

    with pytest.raises(KeyboardInterrupt):
        detect(drawn_images, [failing, stopped], store, stopped=counts.append)

    assert counts == [{failing.key.digest(): 0, stopped.key.digest(): 24}]
    begun = [path.parent.name for path in store.folder.glob("*/begun-*")]
    assert begun == [stopped.key.digest()]


def test_a_killed_run_goes_on_at_the_part_where_it_was(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf
) -> None:
    killed = FailingDetector(125, RuntimeError("as a kill: nothing more is written"))
    detect(drawn_images, [run_of(key_of(), killed)], store)
    detector = FakeDetector()

    (outcome,) = detect(drawn_images, [run_of(key_of(), detector)], store)

    assert sum(detector.calls) == 150 - PART_IMAGES
    assert detected(outcome).detections.sha256() == (
        expected_detections(drawn_images).sha256()
    )


def test_a_run_may_be_stopped_at_every_batch_and_equals_an_unbroken_one(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf, tmp_path: Path
) -> None:
    """Two runs at different points, one unreadable image, stops wherever one can be."""
    broken = tmp_path / "broken.bmp"
    broken.write_bytes(b"BM")
    images = (*drawn_images[:66], replace(drawn_images[66], path=broken))
    images = (*images, *drawn_images[67:])
    keys = [key_of(archive_sha256=name) for name in ("a", "b")]
    unbroken = detect(
        images,
        [run_of(key, FakeDetector()) for key in keys],
        DetectionStore(tmp_path / "unbroken"),
    )
    calls: list[int] = []
    for colour in range(1, 151, BATCH_SIZE):
        stopping = FailingDetector(colour, KeyboardInterrupt())
        other = FakeDetector()
        runs = [run_of(keys[0], other), run_of(keys[1], stopping)]
        with pytest.raises(KeyboardInterrupt):
            detect(images, runs[:: 1 if colour % 16 == 1 else -1], store)
        calls += other.calls

    ended = [FakeDetector(), FakeDetector()]
    outcomes = detect(
        images,
        [run_of(key, one) for key, one in zip(keys, ended, strict=True)],
        store,
    )

    assert sum(calls) + sum(ended[0].calls) == 149  # each readable image once
    for one, whole in zip(outcomes, unbroken, strict=True):
        assert detected(one).detections.sha256() == detected(whole).detections.sha256()
        assert detected(one).faults == detected(whole).faults
        assert list(detected(one).faults) == [drawn_images[66].image_id]


@pytest.mark.parametrize("harm", ["cut short", "of another part", "half a batch"])
def test_a_begun_part_that_is_not_sound_is_computed_again(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf, harm: str
) -> None:
    stopped = FailingDetector(100, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        detect(drawn_images, [run_of(key_of(), stopped)], store)
    run = store.open_run(key_of(), [one.image_id for one in drawn_images])
    (path,) = run.folder.glob("begun-*")
    if harm == "cut short":
        path.write_bytes(path.read_bytes()[:-40])
    elif harm == "of another part":
        path = path.rename(path.with_name("begun-00002.npz"))
    else:
        run.write_begun(1, expected_detections(drawn_images[64:69]), {})
    detector = FakeDetector()

    (outcome,) = detect(drawn_images, [run_of(key_of(), detector)], store)

    assert sum(detector.calls) == 150 - PART_IMAGES
    assert detected(outcome).detections.sha256() == (
        expected_detections(drawn_images).sha256()
    )


def test_a_fresh_run_does_not_take_up_what_was_begun(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf
) -> None:
    stopped = FailingDetector(20, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        detect(drawn_images, [run_of(key_of(), stopped)], store)
    detector = FakeDetector()

    detect(drawn_images, [run_of(key_of(), detector)], store, fresh=True)

    assert sum(detector.calls) == 150


@pytest.mark.parametrize("failing", ["write_part", "write_begun"])
def test_a_store_that_fills_up_is_one_sentence_and_loses_nothing_before(
    drawn_images: Images,
    store: DetectionStore,
    key_of: KeyOf,
    monkeypatch: pytest.MonkeyPatch,
    failing: str,
) -> None:
    detect(drawn_images[:64], [run_of(key_of(), FakeDetector())], store)

    def full(*arguments: object, **arrays: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "savez_compressed", full)
    if failing == "write_part":
        (outcome,) = detect(drawn_images, [run_of(key_of(), FakeDetector())], store)
        told = str(failed(outcome))
        assert told.startswith(f"{store.folder / key_of().digest()}: the cache cannot")
        assert "No space left on device; free some space or choose another" in told
        assert "--zoo-cache (ZOO_CACHE)" in told
    else:
        counts: list[Mapping[str, int]] = []
        runs = [run_of(key_of(), FailingDetector(100, KeyboardInterrupt()))]
        with pytest.raises(KeyboardInterrupt):
            detect(drawn_images, runs, store, stopped=counts.append)
        assert counts == [{key_of().digest(): 64}]
    monkeypatch.undo()
    assert sorted(one.name for one in store.folder.rglob("*.*")) == [
        "key.json",
        "part-00000.npz",
    ]
    detector = FakeDetector()
    (outcome,) = detect(drawn_images, [run_of(key_of(), detector)], store)
    assert sum(detector.calls) == 150 - 64


def test_only_the_damaged_part_is_computed_again(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf
) -> None:
    detect(drawn_images, [run_of(key_of(), FakeDetector())], store)
    (store.folder / key_of().digest() / "part-00001.npz").write_bytes(b"PK")
    detector = FakeDetector()

    (outcome,) = detect(drawn_images, [run_of(key_of(), detector)], store)

    found = detected(outcome)
    assert detector.calls == [8] * 8
    assert found.computed_images == PART_IMAGES
    assert found.detections.sha256() == expected_detections(drawn_images).sha256()


# --- several detectors ----------------------------------------------------------------


def test_an_image_is_read_once_and_resized_once_per_size(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf, work: dict[str, int]
) -> None:
    runs = [
        run_of(key_of(archive_sha256=name, input_px=size_px), FakeDetector(size_px))
        for name, size_px in [("a", 32), ("b", 32), ("c", 16), ("a", 24)]
    ]

    outcomes = detect(drawn_images[:20], runs, store)

    assert work == {"reads": 20, "resizes": 3 * 20}
    wanted = expected_detections(drawn_images[:20]).sha256()
    assert [detected(one).detections.sha256() for one in outcomes] == [wanted] * 4


@pytest.mark.parametrize("readers", [1, 4])
def test_however_many_read_an_image_is_read_once_and_found_the_same(
    drawn_images: Images,
    store: DetectionStore,
    key_of: KeyOf,
    monkeypatch: pytest.MonkeyPatch,
    readers: int,
) -> None:
    read: list[Path] = []

    def noted(path: Path) -> Pixels:
        read.append(path)
        return read_rgb(path)

    monkeypatch.setitem(views.DECODERS, "opencv", noted)
    runs = [
        run_of(key_of(archive_sha256=name, input_px=size_px), FakeDetector(size_px))
        for name, size_px in [("a", 32), ("b", 16)]
    ]

    outcomes = detect(drawn_images, runs, store, readers=readers)

    assert sorted(read) == sorted(image.path for image in drawn_images)
    wanted = expected_detections(drawn_images).sha256()
    assert [detected(one).detections.sha256() for one in outcomes] == [wanted] * 2


@pytest.mark.parametrize("readers", [1, 4])
def test_however_many_read_a_signal_keeps_the_batches_before_it(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf, readers: int
) -> None:
    stopping, counts = FailingDetector(30, KeyboardInterrupt()), []
    with pytest.raises(KeyboardInterrupt):
        detect(
            drawn_images,
            [run_of(key_of(), stopping)],
            store,
            readers=readers,
            stopped=lambda kept: counts.extend(kept.values()),
        )
    detector = FakeDetector()

    (outcome,) = detect(
        drawn_images, [run_of(key_of(), detector)], store, readers=readers
    )

    assert counts == [24]
    assert sum(detector.calls) == 150 - 24
    wanted = expected_detections(drawn_images).sha256()
    assert detected(outcome).detections.sha256() == wanted


def test_sizes_that_nobody_wants_any_more_are_not_made(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf, work: dict[str, int]
) -> None:
    detect(drawn_images[:8], [run_of(key_of(input_px=16), FakeDetector(16))], store)
    work.update(reads=0, resizes=0)

    detect(
        drawn_images[:8],
        [
            run_of(key_of(input_px=size_px), FakeDetector(size_px))
            for size_px in (16, 8)
        ],
        store,
    )

    assert work == {"reads": 8, "resizes": 8}


def test_runs_at_different_points_are_both_completed(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf, work: dict[str, int]
) -> None:
    keys = [key_of(archive_sha256=name) for name in ("a", "b")]
    stopped = FailingDetector(140, RuntimeError("stopped"))
    detect(drawn_images, [run_of(keys[0], stopped)], store)
    work.update(reads=0)
    detectors = [FakeDetector(), FakeDetector()]

    outcomes = detect(
        drawn_images,
        [run_of(key, one) for key, one in zip(keys, detectors, strict=True)],
        store,
    )

    wanted = expected_detections(drawn_images).sha256()
    assert [detected(one).detections.sha256() for one in outcomes] == [wanted] * 2
    assert [sum(one.calls) for one in detectors] == [150 - 128, 150]
    assert work["reads"] == 150


def test_two_runs_of_one_key_are_computed_once(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf
) -> None:
    detectors = [FakeDetector(), FakeDetector()]

    outcomes = detect(
        drawn_images[:8], [run_of(key_of(), one) for one in detectors], store
    )

    assert outcomes[0] == outcomes[1]
    assert [one.calls for one in detectors] == [[8], []]


@pytest.mark.parametrize("colour", [1, 70, 150])
@pytest.mark.parametrize("error", [ArchiveUnreadable("no"), ZeroDivisionError("no")])
def test_the_failure_of_one_detector_does_not_stop_the_others(
    drawn_images: Images,
    store: DetectionStore,
    key_of: KeyOf,
    colour: int,
    error: Exception,
) -> None:
    detectors = [FakeDetector(), FailingDetector(colour, error), FakeDetector()]
    runs = [
        run_of(key_of(archive_sha256=str(k)), one) for k, one in enumerate(detectors)
    ]

    first, second, third = detect(drawn_images, runs, store)

    wanted = expected_detections(drawn_images).sha256()
    assert detected(first).detections.sha256() == wanted
    assert detected(third).detections.sha256() == wanted
    assert failed(second) is error
    assert sum(detectors[1].calls) < sum(detectors[0].calls) + 8


def test_a_failed_run_goes_on_where_it_failed(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf
) -> None:
    broken = FailingDetector(100, RuntimeError("out of memory"))
    detect(drawn_images, [run_of(key_of(), broken)], store)
    detector = FakeDetector()

    (outcome,) = detect(drawn_images, [run_of(key_of(), detector)], store)

    assert sum(detector.calls) == 150 - PART_IMAGES
    assert detected(outcome).detections.sha256() == (
        expected_detections(drawn_images).sha256()
    )


def test_nothing_more_is_read_when_every_run_has_failed(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf, work: dict[str, int]
) -> None:
    broken = FailingDetector(1, RuntimeError("no"))

    detect(drawn_images, [run_of(key_of(), broken)], store)

    assert work["reads"] <= 3 * 8  # what was asked for ahead


def test_a_detector_that_does_not_open_fails_alone(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf
) -> None:
    def refuse() -> Detector:
        raise ArchiveUnreadable("no such variable")

    bad = DetectorRun(key=key_of(archive_sha256="b"), view=VIEW, open_detector=refuse)

    first, second = detect(
        drawn_images[:8], [bad, run_of(key_of(), FakeDetector())], store
    )

    assert isinstance(failed(first), ArchiveUnreadable)
    assert detected(second).computed_images == 8


def with_a_gone_image(images: Images, place: int) -> Images:
    gone = images[place].path.with_name("gone.bmp")
    changed = replace(images[place], path=gone)
    return (*images[:place], changed, *images[place + 1 :])


def test_an_unreadable_image_has_no_detections_and_is_told(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf
) -> None:
    images = with_a_gone_image(drawn_images[:20], 3)
    detector = FakeDetector()

    (outcome,) = detect(images, [run_of(key_of(), detector)], store)

    found, missing = detected(outcome), images[3].image_id
    assert detector.calls == [7, 8, 4]
    assert list(found.faults) == [missing]
    assert "gone.bmp cannot be read" in found.faults[missing]
    assert missing in found.detections.evaluated_ids
    assert missing not in found.detections.image_ids
    whole = expected_detections(drawn_images[:20])
    assert len(found.detections.scores) == len(whole.scores) - 1


def test_a_replay_still_tells_of_unreadable_images(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf
) -> None:
    images = with_a_gone_image(drawn_images, 100)
    (first,) = detect(images, [run_of(key_of(), FakeDetector())], store)

    (again,) = detect(images, [run_of(key_of(), FakeDetector())], store)

    assert detected(again).replayed
    assert detected(again).faults == detected(first).faults != {}


def test_a_detector_is_not_asked_about_a_batch_that_nobody_could_read(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf
) -> None:
    images = drawn_images[:8]
    for place in range(8):
        images = with_a_gone_image(images, place)
    detector = FakeDetector()

    (outcome,) = detect(images, [run_of(key_of(), detector)], store)

    assert detector.calls == []
    assert len(detected(outcome).faults) == 8


def test_images_are_given_as_they_are_to_who_wants_them_so(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf
) -> None:
    class Whole(FakeDetector):
        def detect(
            self, images_rgb: Sequence[Pixels], sizes_hw: NDArray[np.int32]
        ) -> list[ImageDetections]:
            seen.extend(rgb.shape for rgb in images_rgb)
            return [self.look(1, *one) for one in sizes_hw.tolist()]

    seen: list[tuple[int, ...]] = []
    run = DetectorRun(key=key_of(), view=AsItIs(), open_detector=Whole)

    (outcome,) = detect(drawn_images[:3], [run], store)

    assert detected(outcome).computed_images == 3
    assert seen == [(3, 4, 3)] * 3  # the files' own size


def test_a_detector_is_let_go_as_soon_as_it_is_done(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf
) -> None:
    keys = [key_of(archive_sha256=name) for name in ("a", "b")]
    detect(drawn_images, [run_of(keys[0], FakeDetector())], store)
    (store.folder / keys[0].digest() / "part-00000.npz").unlink()
    early: list[weakref.ref[FakeDetector]] = []

    def open_early() -> Detector:
        detector = FakeDetector()
        early.append(weakref.ref(detector))
        return detector

    class Watching(FakeDetector):
        def look(self, colour: int, height: int, width: int) -> ImageDetections:
            alive.append((colour, early[0]() is not None))
            return super().look(colour, height, width)

    alive: list[tuple[int, bool]] = []

    detect(
        drawn_images,
        [
            DetectorRun(key=keys[0], view=VIEW, open_detector=open_early),
            run_of(keys[1], Watching()),
        ],
        store,
    )

    assert alive == [(k, k <= PART_IMAGES - 8) for k in range(1, 151)]


# --- what a detector may not do -------------------------------------------------------


def test_a_detector_of_another_size_than_its_key_is_refused(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf
) -> None:
    (outcome,) = detect(drawn_images, [run_of(key_of(), FakeDetector(64))], store)

    error = failed(outcome)
    assert isinstance(error, UsageError)
    assert str(error) == (
        "input size of the detector; expected 32 px, as its store key says, got 64 px"
    )


def test_an_answer_for_too_few_images_is_refused(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf
) -> None:
    class Short(FakeDetector):
        def detect(
            self, images_rgb: Pixels, sizes_hw: NDArray[np.int32]
        ) -> list[ImageDetections]:
            return super().detect(images_rgb, sizes_hw)[1:]

    (outcome,) = detect(drawn_images, [run_of(key_of(), Short())], store)

    error = failed(outcome)
    assert isinstance(error, DetectionsInvalid)
    assert str(error) == (
        "images 10 to 17: images in the detector's answer; expected 8, got 7"
    )


def test_detections_that_are_not_finite_are_never_stored(
    drawn_images: Images, store: DetectionStore, key_of: KeyOf
) -> None:
    class NotANumber(FakeDetector):
        def look(self, colour: int, height: int, width: int) -> ImageDetections:
            found = super().look(colour, height, width)
            return replace(found, scores=found.scores * np.float32(np.nan))

    (outcome,) = detect(drawn_images, [run_of(key_of(), NotANumber())], store)

    assert isinstance(failed(outcome), DetectionsInvalid)
    assert not store.folder.exists()


def test_what_is_computed_and_what_is_replayed_is_logged(
    drawn_images: Images,
    store: DetectionStore,
    key_of: KeyOf,
    caplog: pytest.LogCaptureFixture,
) -> None:
    digest = key_of().digest()
    with caplog.at_level(logging.DEBUG, logger="harness.evaluate"):
        detect(drawn_images, [run_of(key_of(), FakeDetector())], store)
        detect(drawn_images, [run_of(key_of(), FakeDetector())], store)
    decisions = [one.message for one in caplog.records if one.levelname == "INFO"]

    assert decisions == [
        f"run {digest}: 0 of 150 images are in the store, 3 parts are computed",
        f"run {digest}: 150 of 150 images are in the store, 0 parts are computed",
    ]
    assert f"part 2 of {store.folder / digest}: stored" in caplog.messages
