import importlib.util
import re
import shutil
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from harness.artifact.fetch import fetch_archive
from harness.dataset.datasets import DATASETS
from harness.errors import HarnessError, TrainingFailed, ZooDataError
from harness.files.digest import file_sha256
from harness.pipeline.demo import demo as demo_module
from harness.pipeline.demo.demo import DemoMade, make_demo
from harness.pipeline.demo.old_quantised import QUANTISED, old_scores_pct
from harness.pipeline.measure.embedded import (
    DrawnSet,
    DrawnTraining,
    read_embedded,
    training_folder,
)
from harness.pipeline.measure.known_datasets import known_datasets
from harness.pipeline.measure.measure import Measurer, measure_rows
from harness.pipeline.measure.settings import Settings
from harness.pipeline.train import opened_training
from harness.registry.lint.zoo import lint_zoo
from harness.registry.location import QUANTISED_BY_ORACLE
from harness.registry.zoo import open_zoo
from harness.train.loop import Progress
from harness.train.step import Step, StepDone
from harness.values.records import Record, Verdict
from harness.values.rows import Row, Zoo
from harness.values.training import Batch
from testing.zoos import copy_home

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("paddleslim") is None,
    reason="PaddleSlim is not installed, which prunes the demo's network",
)

#: Those of the home that was made, by row.
RECORDS: dict[str, Record] = {}

STEPS = 4
SCENES = 6

#: What a recipe starts from and nothing makes.
BROUGHT = "demo_yolov3_mobilenet_v1_early"


def shorten(home: Path) -> None:
    """Let the recipes and the validation set of a home take seconds."""
    for path in (home / "cases" / "recipes" / "demo").glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        for field, value in (
            ("steps", STEPS),
            ("batch", 2),
            ("sizes_px", [64]),
            ("warmup_steps", 1),
            ("milestones", [3]),
            ("save_every_steps", 1),
        ):
            text = re.sub(rf"(?m)^{field} = .*$", f"{field} = {value}", text)
        path.write_text(text, encoding="utf-8")
    (home / "cases" / "rows" / "demo" / "archives" / "embedded.toml").write_text(
        "\n".join(
            f"[{part}.{one}]\nseed = {seed}\ncount = {SCENES}\n"
            for part, seed in (("scenes", 3), ("training", 4))
            for one in DATASETS
        ),
        encoding="utf-8",
    )


def files_of(home: Path) -> dict[str, bytes]:
    """Every file of a home, without the day in it."""
    return {
        str(path.relative_to(home)): re.sub(
            rb"(?m)^# date: .*$", b"", path.read_bytes()
        )
        for path in sorted(home.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module", autouse=True)
def in_this_process() -> Iterator[None]:
    """Make batches beside no trainer: a process takes longer than four small steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opened_training, "loader_workers", lambda device: 0)
        yield


@pytest.fixture
def new_home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Path]:
    return lambda: make_home(request.config.rootpath, tmp_path_factory)


def make_home(checkout: Path, folders: pytest.TempPathFactory) -> Path:
    """Make a home with the demo zoo as it is before it was ever made."""
    home = copy_home(checkout, folders.mktemp("made") / "home")
    for part in ("cases/recipes", str(QUANTISED_BY_ORACLE)):
        shutil.copytree(checkout / part, home / part)
    (home / "expected" / "demo.csv").unlink(missing_ok=True)
    (home / "expected" / "archives.lock.toml").unlink(missing_ok=True)
    for path in (home / "cases/rows/demo/archives/PaddleSlim").rglob("*.tar"):
        if path.name != f"{BROUGHT}.tar":
            path.unlink()
    shorten(home)
    return home


@pytest.fixture(scope="module")
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, DemoMade, list[str]]:
    """A home whose demo was made, its work folder, what it came to and was told."""
    home = make_home(request.config.rootpath, tmp_path_factory)
    work = tmp_path_factory.mktemp("work")
    told: list[str] = []

    def measured(zoo: Zoo, rows: Sequence[Row], settings: Settings) -> list[Record]:
        records = measure_rows(zoo, rows, settings)
        RECORDS.update({one.row_id: one for one in records})
        return records

    def training(stage: str, progress: Progress) -> None:
        told.append(f"{stage} {progress.step} of {progress.steps}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo_module, "measure_rows", measured)
        came_to = make_demo(home, work, training=training, telling=told.append)
    return home, work, came_to, told


Made = tuple[Path, Path, DemoMade, list[str]]


def test_the_files_of_the_zoo_are_all_there_and_join(made: Made) -> None:
    home, _, _, _ = made

    faults = lint_zoo("demo", home)
    # Recipes' headers repeat the claims of the demo that is shipped.
    assert [one for one in faults if "comment expects" not in one] == []
    zoo = open_zoo("demo", home=home)
    for archive in zoo.archives.values():
        path = zoo.root / "archives" / archive.url.partition("://")[2].partition("/")[2]
        assert archive.sha256 is not None
        assert archive.size_bytes == path.stat().st_size


def test_claims_are_what_was_measured_to_one_decimal(made: Made) -> None:
    home, _, came_to, _ = made
    zoo = open_zoo("demo", home=home)

    assert set(came_to.scores_pct) == {row.row_id for row in zoo.rows}
    for row_id, claims in zoo.claims.items():
        for claim in claims:
            scores_pct = came_to.scores_pct[row_id]
            if zoo.row(row_id).archive in QUANTISED:
                scores_pct = old_scores_pct(home, zoo.row(row_id))
            assert claim.printed == f"{scores_pct[claim.metric]:.1f}"


def test_what_was_made_reproduces(made: Made, tmp_path: Path) -> None:
    home, work, came_to, _ = made
    zoo = open_zoo("demo", home=home)
    embedded = read_embedded(zoo)
    assert embedded is not None
    settings = Settings(
        cache=tmp_path / "cache",
        records=tmp_path / "records",
        data_root=work / training_folder(embedded),
        mirror=str(embedded.archives),
        known_datasets=known_datasets(zoo, home),
    )
    measurer = Measurer(zoo=zoo, selected=zoo.rows, settings=settings)
    records = [measurer.measure(row) for row in zoo.rows]

    # What 1.8.5 measured of the quantised rows was not measured on these few scenes.
    trained = [row.row_id for row in zoo.rows if row.archive not in QUANTISED]
    assert {
        one.row_id: one.verdict for one in records if one.row_id in trained
    } == dict.fromkeys(trained, Verdict.REPRODUCED)
    for one in records:
        assert dict(one.measurements[0].scores_pct) == pytest.approx(
            dict(came_to.scores_pct[one.row_id])
        )


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_fingerprints_are_those_of_the_drawn_sets(made: Made, dataset: str) -> None:
    home, work, _, _ = made
    embedded = read_embedded(open_zoo("demo", home=home))
    assert embedded is not None
    found = DATASETS[dataset].open(work / training_folder(embedded))

    assert embedded.scenes[dataset] == DrawnSet(
        seed=3,
        count=SCENES,
        fingerprint=found.fingerprint,
        truth_sha256=found.truth.sha256(),
    )
    assert found.image_count == SCENES
    assert embedded.training[dataset] == DrawnTraining(seed=4, count=SCENES)


def test_the_archives_are_served_by_the_paths_of_their_addresses(
    made: Made, tmp_path: Path
) -> None:
    home, _, came_to, _ = made
    zoo = open_zoo("demo", home=home)
    for archive in zoo.archives.values():
        mirror = str(zoo.root / "archives")
        got = fetch_archive(archive, cache=tmp_path, mirror=mirror, offline=True)

        assert got.size_bytes == came_to.archive_bytes[archive.name]


TRAINED = (
    "demo_blazeface_nas",
    "demo_yolov3_mobilenet_v1",
    "demo_yolov3_mobilenet_v1_prune578",
    "demo_yolov3_mobilenet_v1_distilled",
)


def test_what_nothing_makes_stays_pinned_and_served(made: Made) -> None:
    home, _, came_to, _ = made
    path = home / f"cases/rows/demo/archives/PaddleSlim/{BROUGHT}.tar"
    lock = tomllib.loads((home / "expected/archives.lock.toml").read_text())["demo"]

    assert lock[BROUGHT]["sha256"] == file_sha256(path)
    assert BROUGHT not in came_to.archive_bytes


def test_every_stage_is_told(made: Made) -> None:
    *_, told = made

    for name in TRAINED:
        place = told.index(f"training {name}")
        steps = [line for line in told[place:] if line.startswith(f"{name} ")]
        assert steps == [f"{name} {k + 1} of {STEPS}" for k in range(STEPS)]
    assert told[0] == "drawing the scenes"
    assert told[-3:] == [
        "packing the archives",
        "measuring the archives",
        "writing claims, pins and fingerprints",
    ]
    begun = [one for one in told if one in {f"training {name}" for name in TRAINED}]
    for later in TRAINED[2:]:
        assert begun.index(f"training {TRAINED[1]}") < begun.index(f"training {later}")


def test_a_pruned_network_starts_from_the_one_just_trained(made: Made) -> None:
    *_, told = made

    assert "start: trained here by demo/demo_yolov3_mobilenet_v1" in told


@pytest.fixture
def quick_scores(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure no archive: each row gets the record that it got."""

    def measured(zoo: Zoo, rows: Sequence[Row], settings: Settings) -> list[Record]:
        return [RECORDS[row.row_id] for row in rows]

    monkeypatch.setattr(demo_module, "measure_rows", measured)


@pytest.mark.usefixtures("quick_scores")
def test_making_it_again_trains_nothing_and_changes_nothing(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, work, came_to, _ = made
    before = files_of(home)
    monkeypatch.setattr(Step, "run", lambda *_: pytest.fail("trained again"))

    assert make_demo(home, work) == came_to
    assert files_of(home) == before


class Stopped(Exception):
    """Somebody pressed a key."""


@pytest.mark.usefixtures("quick_scores")
def test_a_stopped_training_goes_on_and_nothing_was_replaced(
    made: Made,
    new_home: Callable[[], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finished, _, came_to, _ = made
    home, work = new_home(), tmp_path / "work"
    before = files_of(home)
    right = Step.run
    steps: list[float] = []

    def count(self: Step, batch: Batch, rate: float) -> StepDone:
        if len(steps) == 2 and not resumed:
            raise Stopped
        steps.append(rate)
        return right(self, batch, rate)

    resumed = False
    monkeypatch.setattr(Step, "run", count)
    with pytest.raises(Stopped):
        make_demo(home, work)
    assert files_of(home) == before

    resumed = True
    again = make_demo(home, work)

    assert len(steps) == STEPS * len(TRAINED)
    assert again.archive_bytes == came_to.archive_bytes
    assert files_of(home) == files_of(finished)


@pytest.mark.parametrize("stage", ["measure_rows", "pack_tar", "draw_scenes"])
def test_nothing_of_the_zoo_is_replaced_when_a_stage_fails(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    home, work, _, _ = made
    place = tmp_path / "work"
    shutil.copytree(work, place)
    before = files_of(home)

    def fail(*_: object, **__: object) -> None:
        raise TrainingFailed("no space left")

    monkeypatch.setattr(demo_module, stage, fail)

    with pytest.raises(HarnessError, match="no space left"):
        make_demo(home, place)
    assert files_of(home) == before


def test_a_zoo_that_brings_nothing_along_is_not_made(
    new_home: Callable[[], Path], tmp_path: Path
) -> None:
    home = new_home()
    (home / "cases/rows/demo/archives/embedded.toml").unlink()

    with pytest.raises(ZooDataError, match=r"archives/embedded\.toml: no such file"):
        make_demo(home, tmp_path)


def test_an_archive_that_nothing_makes_is_told(
    new_home: Callable[[], Path], tmp_path: Path
) -> None:
    home = new_home()
    (home / "cases/recipes/demo/demo_blazeface_nas.toml").unlink()

    with pytest.raises(
        ZooDataError,
        match=r"^archive demo_blazeface_nas; expected a recipe that makes it, or the "
        r"old runtime, got neither; write cases/recipes/demo/demo_blazeface_nas\.toml$",
    ):
        make_demo(home, tmp_path)
