import datetime as dt
import errno
import importlib.metadata
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.artifact.pack import pack_tar
from harness.artifact.unpack import unpack
from harness.compare.tolerance import budget_of
from harness.dataset.coco import ANNOTATIONS
from harness.dataset.drawn.coco_scenes import write_coco_scenes
from harness.errors import DeviceMissing
from harness.evaluate.metrics import METRICS
from harness.files import record_files
from harness.files.precision_files import precision_folder, read_speeds
from harness.files.record_files import read_records, write_record
from harness.files.record_json import record_to_json
from harness.model.boxes import object_finding
from harness.model.boxes.object_finding import ObjectDetector
from harness.model.detectors.protocol_words import yolov3_protocol
from harness.model.fluid.lod_tensor import read_tensor, write_tensor
from harness.model.paddle_run.device import Device, open_device
from harness.pipeline.gate.gate import gate
from harness.pipeline.measure import architectures, detected_rows
from harness.pipeline.measure import measure as measure_module
from harness.pipeline.measure.detected_rows import SharedPass, key_of_run, open_pass
from harness.pipeline.measure.embedded import serving, with_scenes
from harness.pipeline.measure.known_datasets import known_datasets
from harness.pipeline.measure.measure import Measurer, measure_rows
from harness.pipeline.measure.opened_row import OpenedRow, open_row
from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.watcher import Watcher
from harness.registry.zoo import open_zoo
from harness.report.pages import Values, render_pages
from harness.values.datasets import KnownDataset
from harness.values.detections import ImageDetections
from harness.values.records import Record, Verdict
from harness.values.rows import Row, Zoo
from testing.zoos import claim_aps, copy_tables

BASELINE = "yolov3-mobilenet_v1-coco-baseline-160"
PRUNED = "yolov3-mobilenet_v1-coco-prune_r578-160"
LARGE = "yolov3-mobilenet_v1-coco-baseline-224"
SCENES = 24
CLASSES = 5  # of the demo's scenes


@dataclass(frozen=True, slots=True, kw_only=True)
class Mine:
    """Anybody's own zoo: the demo's rows without a pin, claiming what was measured."""

    folder: Path  # its tables and expected.csv
    mirror: Path  # its archives
    settings: Settings

    def open(self) -> Zoo:
        return open_zoo(str(self.folder))

    def claim(self, printed: Mapping[str, str]) -> None:
        """Let the rows of the zoo claim these numbers."""
        claim_aps(self.folder, printed)

    def archive_path(self, row_id: str) -> Path:
        zoo = self.open()
        url = zoo.archives[zoo.row(row_id).archive].url
        return self.mirror / url.partition("://")[2].partition("/")[2]

    def change_weights(self, row_id: str, change: Callable[[Path], None]) -> None:
        """Pack the archive of a row again after a change of its files."""
        tar = self.archive_path(row_id)
        folder = unpack(tar, self.settings.cache / "to-change")
        copy = shutil.copytree(folder, tar.parent / "changed", dirs_exist_ok=True)
        (inner,) = copy.iterdir()
        change(inner)
        pack_tar(inner, tar)

    def measure(self, *row_ids: str, **settings: object) -> list[Record]:
        zoo = self.open()
        rows = [zoo.row(one) for one in row_ids]
        return measure_rows(zoo, rows, replace(self.settings, **settings))


def ap_of(record: Record) -> float:
    return record.measurements[0].scores_pct["box_ap"]


@pytest.fixture(scope="module")
def demo(request: pytest.FixtureRequest) -> Zoo:
    return open_zoo("demo", home=request.config.rootpath)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with a few drawn scenes."""
    root = tmp_path_factory.mktemp("scenes")
    write_coco_scenes(root, seed=5, count=SCENES)
    return root


@pytest.fixture(scope="module")
def known_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache of the module's own measurement."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def measured(
    demo: Zoo,
    scenes: Path,
    known_cache: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Record]:
    """The records of the demo's rows on those scenes, whatever they claim."""
    settings = Settings(
        cache=known_cache,
        records=tmp_path_factory.mktemp("records"),
        data_root=scenes,
        mirror=str(demo.root / "archives"),
    )
    rows = [row for row in demo.rows if row.dataset == "coco"]
    records = measure_rows(demo, rows, settings)
    return {one.row_id: one for one in records}


@pytest.fixture
def mine(
    demo: Zoo,
    scenes: Path,
    known_cache: Path,
    measured: Mapping[str, Record],
    tmp_path: Path,
) -> Mine:
    """A zoo whose unchanged archives have their detections in the store already."""
    shutil.copytree(known_cache / "detections-1", tmp_path / "cache" / "detections-1")
    folder = copy_tables(demo.root.glob("*_coco.toml"), tmp_path / "mine")
    shutil.copytree(demo.root / "archives", tmp_path / "mirror")
    made = Mine(
        folder=folder,
        mirror=tmp_path / "mirror",
        settings=Settings(
            cache=tmp_path / "cache",
            records=tmp_path / "records",
            data_root=scenes,
            mirror=str(tmp_path / "mirror"),
        ),
    )
    made.claim({one: f"{ap_of(record):.1f}" for one, record in measured.items()})
    return made


def test_the_demo_reproduces_its_published_numbers(
    request: pytest.FixtureRequest, demo: Zoo, tmp_path: Path
) -> None:
    settings = Settings(
        cache=tmp_path / "cache",
        records=tmp_path / "records" / "demo",
        data_root=None,
        known_datasets=known_datasets(demo, request.config.rootpath),
    )
    with serving(demo, with_scenes(demo, settings, METRICS)) as served:
        measurer = Measurer(zoo=demo, selected=demo.rows, settings=served)
        records = [measurer.measure(row) for row in demo.rows]

    assert {one.row_id: (one.verdict, one.reason) for one in records} == {
        row.row_id: (Verdict.REPRODUCED, "") for row in demo.rows
    }
    assert read_records(settings.records) == {one.row_id: one for one in records}


def test_the_demo_is_a_detector_worth_the_name(demo: Zoo) -> None:
    (claim,) = demo.claims[LARGE]

    assert claim.value_pct > 40


def test_a_zoo_of_ones_own_is_measured_without_a_pin(mine: Mine) -> None:
    zoo = mine.open()
    records = mine.measure(BASELINE, PRUNED, fresh=True)

    assert all(one.sha256 is None for one in zoo.archives.values())
    assert [one.row_id for one in records] == [BASELINE, PRUNED]
    assert [one.verdict for one in records] == [Verdict.REPRODUCED] * 2
    assert all(one.zoo == "mine" for one in records)


# It must be able to fail.


def zeros_in(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        write_tensor(folder / name, np.zeros_like(read_tensor(folder / name)))

    return change


def values_of(other: str, name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        assert read_tensor(folder / other).shape == read_tensor(folder / name).shape
        write_tensor(folder / name, np.array(read_tensor(folder / other)))

    return change


@pytest.mark.parametrize(
    "change",
    [
        zeros_in("conv2_1_sep_weights"),
        zeros_in("yolo_output.0.conv.weights"),
        values_of("conv1_bn_mean", "conv1_bn_offset"),
        values_of("conv5_1_dw_weights", "conv5_2_dw_weights"),
    ],
    ids=["zeros", "zeros in a head", "a mean for an offset", "a layer's neighbour"],
)
def test_one_wrong_weight_file_makes_the_verdict_lower(
    mine: Mine, change: Callable[[Path], None]
) -> None:
    mine.change_weights(BASELINE, change)
    (record,) = mine.measure(BASELINE)

    assert record.verdict is Verdict.LOWER
    assert "box_ap measured" in record.reason


def test_packing_an_archive_again_changes_nothing(mine: Mine) -> None:
    mine.change_weights(BASELINE, lambda folder: None)
    (record,) = mine.measure(BASELINE)

    assert record.verdict is Verdict.REPRODUCED


def test_a_swapped_channel_order_makes_the_verdict_lower(
    mine: Mine, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = object_finding.normalise
    monkeypatch.setattr(
        object_finding,
        "normalise",
        lambda images, how: right(images[..., ::-1], how),
    )
    (record,) = mine.measure(BASELINE, fresh=True)

    assert record.verdict is Verdict.LOWER


def test_a_class_shifted_by_one_makes_the_verdict_lower(
    mine: Mine, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = ObjectDetector.detect

    def shifted(
        self: ObjectDetector, images_rgb: NDArray[np.uint8], sizes_hw: NDArray[np.int32]
    ) -> list[ImageDetections]:
        return [
            replace(one, classes=(one.classes + 1) % CLASSES)
            for one in right(self, images_rgb, sizes_hw)
        ]

    monkeypatch.setattr(ObjectDetector, "detect", shifted)
    (record,) = mine.measure(BASELINE, fresh=True)

    assert record.verdict is Verdict.LOWER


@pytest.mark.parametrize(
    ("beyond", "direction", "verdict"),
    [
        ("0.01", 1, Verdict.LOWER),
        ("0.01", -1, Verdict.HIGHER),
        ("-0.01", 1, Verdict.REPRODUCED),
        ("-0.01", -1, Verdict.REPRODUCED),
    ],
    ids=["too high a claim", "too low a claim", "just below", "just above"],
)
@pytest.mark.parametrize("row_id", [BASELINE, PRUNED])
def test_a_claim_may_be_moved_by_the_tolerance_and_no_further(
    mine: Mine,
    measured: Mapping[str, Record],
    row_id: str,
    beyond: str,
    direction: int,
    verdict: Verdict,
) -> None:
    zoo = mine.open()
    tolerance_pct = budget_of(zoo.tolerance, zoo.row(row_id)).total_pct
    moved_pct = direction * (tolerance_pct + Decimal(beyond))
    claims = {one: f"{ap_of(record):.1f}" for one, record in measured.items()}
    exactly = Decimal(repr(ap_of(measured[row_id])))
    mine.claim({**claims, row_id: f"{exactly + moved_pct}"})
    (record,) = mine.measure(row_id)

    assert record.verdict is verdict


# What stops a row.


def test_another_digest_than_the_pinned_one_is_a_wrong_archive(mine: Mine) -> None:
    zoo = mine.open()
    archives = {
        name: replace(one, sha256="0" * 64) for name, one in zoo.archives.items()
    }
    (record,) = measure_rows(
        replace(zoo, archives=archives), [zoo.row(BASELINE)], mine.settings
    )

    assert record.verdict is Verdict.WRONG_ARCHIVE
    assert "0" * 64 in record.reason


def test_without_a_source_the_row_is_unavailable(mine: Mine) -> None:
    mine.archive_path(BASELINE).unlink()
    (record,) = mine.measure(BASELINE, offline=True)

    assert record.verdict is Verdict.UNAVAILABLE
    assert record.measurements == ()


def test_without_a_data_root_nothing_is_downloaded(mine: Mine, tmp_path: Path) -> None:
    cache = tmp_path / "empty"
    records = mine.measure(BASELINE, PRUNED, data_root=None, cache=cache)

    assert [one.verdict for one in records] == [Verdict.NO_DATASET] * 2
    assert all("--data-root" in one.reason for one in records)
    assert not cache.exists()


def test_a_device_that_is_missing_stops_every_row_before_a_download(
    mine: Mine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(runtime: str, *, gpu: bool, precision: str) -> Device:
        raise DeviceMissing("no such device")

    monkeypatch.setattr(detected_rows, "open_device", refuse)
    cache = tmp_path / "empty"
    records = mine.measure(BASELINE, PRUNED, cache=cache)

    told = [(one.verdict, one.reason) for one in records]
    assert told == [(Verdict.NO_DEVICE, "no such device")] * 2
    assert not (cache / "archives-1").exists()


def test_a_limit_is_partial_with_scores(mine: Mine) -> None:
    (record,) = mine.measure(BASELINE, limit=4)

    assert record.verdict is Verdict.PARTIAL
    assert ap_of(record) > 0
    assert record.dataset is not None
    assert (record.dataset.limit, record.dataset.image_count) == (4, 4)


def test_another_dataset_fails_and_still_has_scores(mine: Mine) -> None:
    known = {"coco": KnownDataset(fingerprint="0" * 64)}
    (record,) = mine.measure(BASELINE, known_datasets=known)

    assert record.verdict is Verdict.WRONG_DATASET
    assert ap_of(record) > 0
    assert record.dataset is not None
    assert record.dataset.fingerprint in record.reason


def test_one_damaged_archive_does_not_stop_the_other_row(mine: Mine) -> None:
    path = mine.archive_path(BASELINE)

    def damage(folder: Path) -> None:
        (folder / "conv1_weights").write_bytes(b"not a tensor")

    mine.change_weights(BASELINE, damage)
    damaged, whole = mine.measure(BASELINE, PRUNED)

    assert damaged.verdict is Verdict.UNREADABLE
    assert f"{path.name}: conv1_weights: " in damaged.reason
    assert whole.verdict is Verdict.REPRODUCED


def of_three_classes(scenes: Path, root: Path) -> Path:
    """Copy the scenes; their first three categories and what is of them stay."""
    shutil.copytree(scenes, root)
    data = json.loads((root / ANNOTATIONS).read_text())
    data["categories"] = data["categories"][:3]
    kept = {one["id"] for one in data["categories"]}
    data["annotations"] = [
        one for one in data["annotations"] if one["category_id"] in kept
    ]
    (root / ANNOTATIONS).write_text(json.dumps(data))
    return root


@pytest.mark.parametrize(
    ("layout", "word"),
    [
        ("combined_file", "combined_file"),
        ("pdparams", "pdparams"),
        ("program_params", "program"),
    ],
)
def test_an_archive_of_any_layout_is_measured_and_told(
    mine: Mine,
    request: pytest.FixtureRequest,
    scenes: Path,
    tmp_path: Path,
    layout: str,
    word: str,
) -> None:
    oracle = request.config.rootpath / "cases/oracle/made"
    archive = oracle / f"layout_{layout}.tar.gz"
    mine.archive_path(PRUNED).write_bytes(archive.read_bytes())
    zoo = mine.open()
    row = replace(zoo.row(PRUNED), num_classes=3, width=1 / 16)
    small = replace(zoo, rows=(row,))
    root = of_three_classes(scenes, tmp_path / "three")
    settings = replace(mine.settings, fresh=True, data_root=root)

    (record,) = measure_rows(small, [row], settings)

    assert record.archive is not None
    assert record.archive.layout == word
    assert record.archive.shape_plan == "prune_r578"
    assert record.measurements[0].detection_count > 0


def test_a_detector_that_breaks_does_not_stop_the_other_row(
    mine: Mine, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = architectures.open_heads

    def open_heads(opened, device):  # type: ignore[no-untyped-def]
        if opened.pruning == "none":
            raise MemoryError("too large")
        return right(opened, device)

    monkeypatch.setattr(architectures, "open_heads", open_heads)
    broken, whole = mine.measure(BASELINE, PRUNED, fresh=True)

    assert (broken.verdict, broken.reason) == (
        Verdict.ERRORED,
        f"MemoryError: too large; its traceback is in <records>/errors/{BASELINE}.txt",
    )
    kept = (mine.settings.records / "errors" / f"{BASELINE}.txt").read_text()
    assert 'raise MemoryError("too large")' in kept
    assert whole.verdict is Verdict.REPRODUCED


def test_a_row_that_cannot_be_judged_does_not_stop_the_other(
    mine: Mine, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = measure_module.judge_row

    def judge_row(shared: SharedPass, row: OpenedRow, pairs: object) -> Record:
        if row.row.row_id == BASELINE:
            raise OSError("disk full")
        return right(shared, row, pairs)

    monkeypatch.setattr(measure_module, "judge_row", judge_row)
    broken, whole = mine.measure(BASELINE, PRUNED)

    assert broken.verdict is Verdict.ERRORED
    assert broken.reason.startswith("OSError: disk full; its traceback is in ")
    assert broken.archive is not None
    assert whole.verdict is Verdict.REPRODUCED


def test_a_network_that_is_not_built_is_unreadable_and_nothing_is_downloaded(
    mine: Mine, tmp_path: Path
) -> None:
    zoo = mine.open()
    row = replace(zoo.row(BASELINE), backbone="resnet18")
    settings = replace(mine.settings, cache=tmp_path / "empty")
    (record,) = measure_rows(zoo, [row], settings)

    assert record.verdict is Verdict.UNREADABLE
    assert "no network yolov3-resnet18" in record.reason
    assert not settings.cache.exists()


# Again, and errata.


def without_work(record: Record) -> Record:
    """The record without what tells a measured run from a replayed one."""
    runs = (
        replace(one, replayed=False, detect_wall_s=0, detect_cpu_s=0, score_wall_s=0)
        for one in record.measurements
    )
    return replace(record, measurements=tuple(runs))


def test_a_second_run_replays_without_a_network(
    mine: Mine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = mine.measure(BASELINE, PRUNED, fresh=True)
    monkeypatch.setattr(
        architectures, "open_heads", lambda *_, **__: pytest.fail("built again")
    )
    again = mine.measure(BASELINE, PRUNED)

    assert [one.measurements[0].replayed for one in first] == [False, False]
    assert [one.measurements[0].replayed for one in again] == [True, True]
    assert all(one.measurements[0].detect_wall_s == 0 for one in again)
    assert [without_work(one) for one in again] == [without_work(one) for one in first]


def test_fresh_computes_again_and_finds_the_same(mine: Mine) -> None:
    (first,) = mine.measure(BASELINE)
    (again,) = mine.measure(BASELINE, fresh=True)

    assert first.measurements[0].replayed
    assert not again.measurements[0].replayed
    assert without_work(again) == without_work(first)


def test_another_archive_under_the_same_name_is_not_replayed(
    mine: Mine, tmp_path: Path
) -> None:
    (before,) = mine.measure(BASELINE)
    mine.change_weights(BASELINE, zeros_in("conv2_1_sep_weights"))
    shutil.copytree(mine.settings.cache / "detections-1", tmp_path / "c/detections-1")
    (record,) = mine.measure(BASELINE, cache=tmp_path / "c")

    assert before.measurements[0].replayed
    assert not record.measurements[0].replayed


def pretend_paddle(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """Let the installed Paddle say that it is another version."""
    installed = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata,
        "version",
        lambda name: version if name == "paddlepaddle" else installed(name),
    )


def test_the_store_never_answers_for_the_other_runtime(
    mine: Mine, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {}
    for turn, version in enumerate(("2.6.2", "3.3.1", "2.6.2", "3.3.1")):
        pretend_paddle(monkeypatch, version)
        (record,) = mine.measure(BASELINE)
        found[turn] = record
    second = [found[turn].measurements[0].replayed for turn in (2, 3)]
    keys = [one.measurements[0].store_key for one in found.values()]

    # Whichever is installed has its detections in the store already, the other not.
    assert sorted(found[turn].measurements[0].replayed for turn in (0, 1)) == [
        False,
        True,
    ]
    assert second == [True, True]
    assert (keys[0], keys[1]) == (keys[2], keys[3])
    assert keys[0] != keys[1]
    assert [one.environment.paddle for one in found.values()] == [
        "paddlepaddle 2.6.2",
        "paddlepaddle 3.3.1",
    ] * 2


@pytest.fixture
def opened_pass(mine: Mine) -> tuple[SharedPass, OpenedRow]:
    zoo = mine.open()
    shared = open_pass(zoo, zoo.row(BASELINE), mine.settings, Watcher())
    assert isinstance(shared, SharedPass)
    return shared, open_row(zoo, zoo.row(BASELINE), mine.settings)


@pytest.mark.parametrize(
    "field",
    ["paddle", "device", "device_model", "precision", "graph_optimiser", "decoder"],
)
def test_another_environment_has_another_store_key(
    opened_pass: tuple[SharedPass, OpenedRow], field: str
) -> None:
    shared, row = opened_pass
    other = replace(shared.environment, **{field: "another"})

    key = key_of_run(shared, row, 160)
    assert key_of_run(replace(shared, environment=other), row, 160) != (key)


def test_the_store_key_names_archive_data_size_and_protocol(
    opened_pass: tuple[SharedPass, OpenedRow],
) -> None:
    shared, row = opened_pass
    key = key_of_run(shared, row, 160)

    assert key.archive_sha256 == row.used.sha256
    assert key.dataset_fingerprint == shared.labelled.fingerprint
    assert key.input_px == 160
    assert key.protocol == yolov3_protocol("mobilenet_v1")


def test_the_network_of_an_archive_is_built_once_for_its_sizes(
    mine: Mine, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []
    right = architectures.open_heads

    def open_heads(opened, device):  # type: ignore[no-untyped-def]
        built.append(opened.pruning)
        return right(opened, device)

    monkeypatch.setattr(architectures, "open_heads", open_heads)
    records = mine.measure(BASELINE, LARGE, fresh=True)

    assert built == ["none"]
    assert [one.verdict for one in records] == [Verdict.REPRODUCED] * 2


def test_a_printed_size_that_is_doubted_is_measured_both_ways(
    mine: Mine, measured: Mapping[str, Record]
) -> None:
    claims = {one: f"{ap_of(record):.1f}" for one, record in measured.items()}
    mine.claim({**claims, BASELINE: claims[LARGE]})
    (mine.folder / "errata.toml").write_text(
        f"""
[E1]
field = "input_px"
rows = ["{BASELINE}"]
printed = "160"
corrected = "224"
changes_run = true
evidence = ["the number is that of 224"]
""",
        encoding="utf-8",
    )
    (record,) = mine.measure(BASELINE)

    as_printed, corrected = record.measurements
    assert record.verdict is Verdict.REPRODUCED_WITH_ERRATUM
    assert (as_printed.input_px, as_printed.erratum) == (160, None)
    assert as_printed.verdict is Verdict.LOWER
    assert (corrected.input_px, corrected.erratum) == (224, "E1")
    assert corrected.verdict is Verdict.REPRODUCED
    assert "at 224 px as E1 corrects; as printed at 160 px" in record.reason


def doubt_strategy(mine: Mine) -> None:
    """Let the pruned table claim another strategy, as another page does."""
    (mine.folder / "errata.toml").write_text(
        f"""
[E5]
field = "strategy"
rows = ["{PRUNED}"]
printed = "r578"
corrected = "sensity"
changes_run = false
evidence = ["another page says so"]
""",
        encoding="utf-8",
    )


def test_a_doubted_strategy_is_settled_by_the_shapes(mine: Mine) -> None:
    doubt_strategy(mine)
    (record,) = mine.measure(PRUNED)

    assert record.verdict is Verdict.REPRODUCED
    assert record.notes == ("E5: the archive has the shapes of prune_r578",)


def test_a_doubted_strategy_lets_the_other_shapes_pass(mine: Mine) -> None:
    doubt_strategy(mine)
    zoo = mine.open()
    (doubt,) = zoo.errata
    row = replace(zoo.row(PRUNED), strategy="prune_sensity")
    other = replace(zoo, errata=(replace(doubt, corrected="r578"),))
    (refused,) = measure_rows(replace(zoo, errata=()), [row], mine.settings)
    (record,) = measure_rows(other, [row], mine.settings)

    assert refused.verdict is Verdict.UNREADABLE
    assert record.verdict is Verdict.REPRODUCED
    assert record.notes == ("E5: the archive has the shapes of prune_r578",)


# Who is told, and what is written.


def test_a_measurer_measures_each_row_once_and_together(
    mine: Mine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    right = measure_module.measure_rows

    def measure_and_tell(
        zoo: Zoo, rows: Sequence[Row], settings: Settings, *, watcher: Watcher
    ) -> list[Record]:
        asked.append([row.row_id for row in rows])
        return right(zoo, rows, settings, watcher=watcher)

    monkeypatch.setattr(measure_module, "measure_rows", measure_and_tell)
    zoo = mine.open()
    selected = [zoo.row(PRUNED), zoo.row(BASELINE)]
    measurer = Measurer(zoo=zoo, selected=selected, settings=mine.settings)
    records = [measurer.measure(row) for row in (*selected, zoo.row(LARGE))]

    assert asked == [[PRUNED, BASELINE], [LARGE]]
    assert measurer.measure(selected[0]) is records[0]
    assert set(read_records(mine.settings.records)) == {PRUNED, BASELINE, LARGE}


def test_the_watcher_is_told_of_archives_and_images(mine: Mine) -> None:
    fetched: list[str] = []
    detected: list[tuple[str, int, int]] = []
    watcher = Watcher(
        fetching=fetched.append, detecting=lambda *progress: detected.append(progress)
    )
    zoo = mine.open()
    settings = replace(mine.settings, fresh=True)
    measure_rows(zoo, [zoo.row(BASELINE)], settings, watcher=watcher)

    assert fetched == [zoo.row(BASELINE).archive]
    assert detected[0] == ("coco", 0, SCENES)
    assert detected[-1] == ("coco", SCENES, SCENES)


def test_nothing_is_written_outside_cache_and_records(
    mine: Mine, scenes: Path, tmp_path: Path
) -> None:
    def files() -> set[Path]:
        kept = (mine.settings.cache, mine.settings.records)
        return {
            path
            for folder in (tmp_path, scenes)
            for path in folder.rglob("*")
            if not any(path.is_relative_to(one) for one in kept)
        }

    before = files()
    mine.measure(BASELINE)

    assert files() == before


def test_no_record_and_no_page_tells_where_somebody_keeps_things(
    mine: Mine, scenes: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Rows that fail in every way that names a path, in the folders of a user."""
    home = tmp_path / "home" / "maria"
    shutil.copytree(scenes, home / "data")
    harmed = sorted((home / "data" / "coco" / "val2017").iterdir())
    harmed[0].write_bytes(b"no image")
    harmed[1].unlink()
    shutil.copytree(mine.mirror, home / "mirror")
    settings = Settings(
        cache=home / "cache",
        records=home / "records" / "mine",
        data_root=home / "data",
        mirror=str(home / "mirror"),
        offline=True,
    )
    zoo = mine.open()
    rows = [zoo.row(one) for one in (BASELINE, PRUNED, LARGE)]
    (bad,) = (home / "mirror").rglob("*prune578.tar")
    bad.write_bytes(b"no archive")
    pinned = replace(zoo.archives[zoo.row(PRUNED).archive], sha256="0" * 64)
    zoo = replace(zoo, archives={**zoo.archives, pinned.name: pinned})
    failing = [
        *measure_rows(zoo, rows, settings),
        # Before any row: no such set, and a folder that is a file.
        *measure_rows(zoo, rows[:1], replace(settings, data_root=home / "none")),
        *measure_rows(zoo, rows[:1], replace(settings, cache=harmed[0])),
    ]

    told = "".join(record_to_json(one) for one in failing)
    verdicts = [one.verdict for one in failing]
    assert verdicts == [
        Verdict.WRONG_DATASET,
        Verdict.WRONG_ARCHIVE,
        Verdict.WRONG_DATASET,
        Verdict.NO_DATASET,
        Verdict.ERRORED,
    ]
    assert f"<data root>/coco/val2017/{harmed[0].name}" in told
    assert "<mirror>/" in told
    assert "a data root <data root> without it" in told
    assert "<cache>" in told
    for record in failing[:3]:
        write_record(settings.records, record)
    pages = render_pages(zoo, read_records(settings.records), Values.MEASURED)
    for text in (told, *pages.values()):
        assert str(tmp_path) not in text
        assert "maria" not in text
    kept = [one for one in home.rglob("*") if one.suffix in {".json", ".npz"}]
    assert kept
    for path in kept:  # nor what the store would replay for somebody else
        if path.is_relative_to(settings.cache / "detections-1"):
            assert b"maria" not in faults_in(path)


def faults_in(path: Path) -> bytes:
    if path.suffix == ".json":
        return path.read_bytes()
    with np.load(path) as arrays:
        return str(arrays["faults"]).encode()


def test_a_record_that_cannot_be_written_is_errored_and_not_measured_again(
    mine: Mine, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoo = mine.open()
    rows = [zoo.row(one) for one in (BASELINE, PRUNED)]
    measurer = Measurer(zoo=zoo, selected=rows, settings=mine.settings)
    passes: list[int] = []

    def full(path: Path, content: str) -> None:
        passes.append(1)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(record_files, "write_text", full)
    records = [measurer.measure(row) for row in (*rows, *rows)]

    assert len(passes) == 2
    assert {one.verdict for one in records} == {Verdict.ERRORED}
    (reason,) = {one.reason for one in records}
    assert reason == (
        "<records>: the records folder cannot be written; expected a folder with room "
        "in it, got No space left on device; free some space or choose another "
        "--records (ZOO_RECORDS)"
    )


@pytest.fixture
def gated(mine: Mine) -> Callable[[], int]:
    """What the gate says of the folder that a measurement of the zoo wrote."""
    zoo = mine.open()
    for record in mine.measure(*(row.row_id for row in zoo.rows)):
        write_record(mine.settings.records, record)

    def exit_code() -> int:
        day = dt.date(2030, 6, 15)
        return gate(zoo, mine.settings.records, waivers=(), today=day).exit_code

    return exit_code


def test_the_gate_believes_what_was_measured(gated: Callable[[], int]) -> None:
    assert gated() == 0


def test_the_gate_refuses_altered_detections(
    mine: Mine, gated: Callable[[], int]
) -> None:
    first, second, *_ = sorted((mine.settings.records / "detections").iterdir())
    first.replace(second)

    assert gated() == 1


# Precisions of deployments.


@pytest.fixture
def bf16(mine: Mine) -> Settings:
    """The settings of a run in bf16, as pytest makes them."""
    try:
        open_device(gpu=False, precision="bf16")
    except DeviceMissing as error:
        pytest.skip(str(error))
    apart = precision_folder(mine.settings.records, "bf16")
    return replace(mine.settings, precision="bf16", records=apart)


def test_another_precision_is_measured_apart_and_never_judged(
    mine: Mine, bf16: Settings, measured: Mapping[str, Record]
) -> None:
    zoo = mine.open()
    rows = [zoo.row(BASELINE)]
    judged = Measurer(zoo=zoo, selected=rows, settings=mine.settings)
    told = Measurer(zoo=zoo, selected=rows, settings=bf16)
    float32, record = judged.measure(rows[0]), told.measure(rows[0])

    (ours,), (theirs,) = record.measurements, float32.measurements
    assert (record.verdict, record.reason) == (
        Verdict.NOT_JUDGED,
        "computed in bf16: no published number is of it",
    )
    assert ours.judgements == ()
    assert float32.verdict is Verdict.REPRODUCED
    # The store had the detections of float32: it gave them to float32 alone.
    assert theirs.replayed
    assert not ours.replayed
    assert ours.store_key != theirs.store_key
    assert ours.detections_sha256 != theirs.detections_sha256
    assert abs(ap_of(record) - ap_of(float32)) < 3
    assert record.environment is not None
    assert record.environment.precision == "bf16"
    assert read_records(mine.settings.records) == {BASELINE: float32}
    assert read_records(bf16.records) == {BASELINE: record}
    assert (bf16.records / ours.detections_file).is_file()


def test_the_speed_of_another_precision_is_recorded(mine: Mine, bf16: Settings) -> None:
    zoo = mine.open()
    row = zoo.row(BASELINE)
    Measurer(zoo=zoo, selected=[row], settings=bf16).measure(row)
    speed = read_speeds(bf16.records)[BASELINE]

    assert (speed.precision, speed.input_px) == ("bf16", 160)
    assert speed.ms > 0
    assert speed.float32_ms > 0
    assert set(speed.instructions) <= {"amx_bf16", "avx512_bf16"}
    assert read_speeds(mine.settings.records) == {}


def test_a_float_row_is_not_downloaded_for_int8(mine: Mine, tmp_path: Path) -> None:
    cache = tmp_path / "empty"
    (record,) = mine.measure(BASELINE, precision="int8", cache=cache)

    assert record.verdict is Verdict.NO_DEVICE
    assert record.reason.startswith("--precision int8 of a float row (baseline)")
    assert not cache.exists()
