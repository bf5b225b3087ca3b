"""What a making of the demo does with weights and scores; nothing is trained here."""

import shutil
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import HarnessError
from harness.files.digest import file_sha256
from harness.pipeline.demo import demo as demo_module
from harness.pipeline.demo import demo_weights as weights_module
from harness.pipeline.demo.demo import DemoMade, make_demo
from harness.pipeline.demo.old_quantised import QUANTISED, old_scores_pct
from harness.pipeline.measure.embedded import Embedded
from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.watcher import Watcher
from harness.registry.location import QUANTISED_BY_ORACLE
from harness.registry.zoo import open_zoo
from harness.train.loop import Progress
from harness.values.recipes import Recipe, RecipeBook
from harness.values.records import DatasetUsed, Record, Verdict
from harness.values.rows import METRICS_OF_DATASET, Row, Zoo
from testing.records import build_measurement, build_record
from testing.zoos import copy_home

Arrays = Mapping[str, np.ndarray[Any, Any]]

#: Files of an older making, below the work folder.
OLDER = ("measuring/archives-1/left", "folders/demo_blazeface_nas/left")


@dataclass
class Making:
    """A home, and what its making asked of others."""

    home: Path
    work: Path
    told: list[str] = field(default_factory=list)
    trained: list[tuple[RecipeBook, Recipe, Settings]] = field(default_factory=list)
    drawn: list[tuple[str, Path, set[str]]] = field(default_factory=list)
    measured: list[tuple[Zoo, list[Row], Settings]] = field(default_factory=list)
    unmeasured: str = ""  # row that fails
    came_to: DemoMade | None = None

    def make(self) -> DemoMade:
        return make_demo(
            self.home,
            self.work,
            training=lambda stage, progress: self.told.append(
                f"{stage} {progress.step}"
            ),
            telling=self.told.append,
        )


def progress_at(step: int) -> Progress:
    return Progress(
        step=step,
        steps=9,
        epoch=0,
        losses={"loss": 1.0},
        rate=1.0,
        images_per_s=1.0,
        left_s=1.0,
    )


def weights_of(recipe: Recipe) -> Arrays:
    """Variables by which networks differ: the first is as long as the recipe's name."""
    name = recipe.recipe_id.name
    return {"first": np.zeros(len(name), np.float32), name: np.ones(2, np.float32)}


def score_pct(row: Row, metric: str) -> float:
    """A number of its own for each row and metric, with more digits than printed."""
    return 10 * len(row.row_id) % 89 + row.input_px / 7 + len(metric) / 100


def used_of(dataset: str) -> DatasetUsed:
    return DatasetUsed(
        name=dataset,
        fingerprint=f"fingerprint of {dataset}",
        image_count=1,
        annotation_count=1,
        truth_sha256=f"truth of {dataset}",
        truth_file="",
        differences=(),
    )


def record_of(row: Row, *, fails: bool) -> Record:
    if fails:
        return build_record(row.row_id, Verdict.ERRORED)
    metrics = METRICS_OF_DATASET[row.dataset]
    scores_pct = {metric: score_pct(row, metric) for metric in metrics}
    return build_record(
        row.row_id,
        Verdict.LOWER,
        build_measurement(scores_pct=scores_pct),
        dataset=used_of(row.dataset),
    )


def prepare(checkout: Path, folder: Path, patch: pytest.MonkeyPatch) -> Making:
    """Give a demo that is made in a second: each slow step only notes its words."""
    home = copy_home(checkout, folder / "home", with_archives=False)
    for part in ("cases/recipes", str(QUANTISED_BY_ORACLE)):
        shutil.copytree(checkout / part, home / part)
    (home / "expected" / "demo.csv").unlink()
    making = Making(home=home, work=folder / "work")

    def train(
        book: RecipeBook,
        recipe: Recipe,
        settings: Settings,
        watcher: Watcher,
    ) -> Arrays:
        making.trained.append((book, recipe, settings))
        watcher.noting(f"noted of {recipe.recipe_id.name}")
        watcher.training(recipe.recipe_id.name, progress_at(7))
        return weights_of(recipe)

    def measure(zoo: Zoo, rows: Sequence[Row], settings: Settings) -> list[Record]:
        making.measured.append((zoo, list(rows), settings))
        return [record_of(row, fails=row.row_id == making.unmeasured) for row in rows]

    def drawing(what: str) -> Callable[[Embedded, Path, Collection[str]], None]:
        return lambda embedded, root, datasets: making.drawn.append(
            (what, root, set(datasets))
        )

    patch.setattr(weights_module, "_trained", train)
    patch.setattr(demo_module, "measure_rows", measure)
    patch.setattr(demo_module, "draw_scenes", drawing("scenes"))
    patch.setattr(demo_module, "draw_training_scenes", drawing("training"))
    return making


@pytest.fixture(scope="module")
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Making]:
    """A demo that was made where an older making had left files of its own."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("made")
        making = prepare(request.config.rootpath, folder, patch)
        for left in OLDER:
            (making.work / left).parent.mkdir(parents=True, exist_ok=True)
            (making.work / left).touch()
        making.came_to = making.make()
        yield making


def test_each_network_is_trained_after_what_it_starts_from(made: Making) -> None:
    names = [recipe.recipe_id.name for _, recipe, _ in made.trained]

    assert sorted(names) == sorted(
        path.stem
        for path in (made.home / "cases" / "recipes" / "demo").iterdir()
        if "same_as" not in path.read_text(encoding="utf-8")
    )
    for book, recipe, _ in made.trained:
        for origin in book.origins_of(recipe):
            assert origin.recipe is None or names.index(
                origin.recipe.name
            ) < names.index(recipe.recipe_id.name)


def test_nothing_published_is_started_from(made: Making) -> None:
    (root,) = {root for _, root, _ in made.drawn}
    cache = made.work / "training"
    for book, _, settings in made.trained:
        assert book.published == {}
        assert settings == Settings(
            cache=cache,
            records=cache / "records",
            data_root=root,
            mirror=str(made.work / "mirror"),
        )


def test_every_stage_is_told(made: Making) -> None:
    trained = [
        line
        for _, recipe, _ in made.trained
        for name in [recipe.recipe_id.name]
        for line in (f"training {name}", f"noted of {name}", f"{name} 7")
    ]

    assert made.told == [
        "drawing the scenes",
        *trained,
        "packing the archives",
        "measuring the archives",
        "writing claims, pins and fingerprints",
    ]


def test_rows_are_measured_by_dataset_from_new_archives_of_no_known_digest(
    made: Making,
) -> None:
    rows = open_zoo("demo").rows

    (scenes, root, datasets), (training, same_root, trained_on) = made.drawn
    assert (scenes, training) == ("scenes", "training")
    assert datasets == set(METRICS_OF_DATASET)
    assert trained_on == {"coco", "widerface"}
    assert root == same_root
    assert root.parent.parent == made.work
    told = [[row.row_id for row in rows] for _, rows, _ in made.measured]
    assert told == [
        [row.row_id for row in rows if row.dataset == dataset]
        for dataset in dict.fromkeys(row.dataset for row in rows)
    ]
    for zoo, _, settings in made.measured:
        for archive in zoo.archives.values():
            assert (archive.sha256, archive.size_bytes) == (None, None)
        assert {
            row_id: [one.metric for one in claims]
            for row_id, claims in zoo.claims.items()
        } == {row.row_id: list(METRICS_OF_DATASET[row.dataset]) for row in rows}
        assert settings == Settings(
            cache=made.work / "measuring",
            records=made.work / "measuring" / "records",
            data_root=root,
            mirror=str(made.work / "mirror"),
        )


def test_each_row_claims_its_own_number_or_what_the_old_runtime_measured(
    made: Making,
) -> None:
    came_to = made.came_to
    assert came_to is not None
    zoo = open_zoo("demo", home=made.home)

    assert came_to.scores_pct == {
        row.row_id: {
            metric: score_pct(row, metric) for metric in METRICS_OF_DATASET[row.dataset]
        }
        for row in zoo.rows
    }
    for row in zoo.rows:
        scores_pct = came_to.scores_pct[row.row_id]
        if row.archive in QUANTISED:
            scores_pct = old_scores_pct(made.home, row)
        printed = {one.metric: one.printed for one in zoo.ap_claims(row.row_id)}
        assert printed == {
            metric: f"{scores_pct[metric]:.1f}"
            for metric in METRICS_OF_DATASET[row.dataset]
        }
    head = (made.home / "expected" / "demo.csv").read_text().splitlines()[:4]
    assert [line.partition(":")[0] for line in head] == [
        "# what",
        "# source",
        "# version",
        "# date",
    ]


def test_what_is_served_pinned_and_packed_is_the_same_archive(made: Making) -> None:
    came_to = made.came_to
    assert came_to is not None

    zoo = open_zoo("demo", home=made.home)
    for name, archive in zoo.archives.items():
        path = archive.url.partition("://")[2].partition("/")[2]
        served = zoo.root / "archives" / path
        assert served.read_bytes() == (made.work / "mirror" / path).read_bytes()
        assert archive.sha256 == file_sha256(served)
        assert (
            archive.size_bytes == served.stat().st_size == came_to.archive_bytes[name]
        )
        assert [one.name for one in served.parent.glob(".*")] == []


def test_nothing_of_an_older_making_is_measured_or_packed(made: Making) -> None:
    assert [left for left in OLDER if (made.work / left).exists()] == []


def test_an_archive_holds_the_weights_of_its_own_network(made: Making) -> None:
    folders = made.work / "folders"
    names = {recipe.recipe_id.name for _, recipe, _ in made.trained}
    for row in open_zoo("demo", home=made.home).rows:
        if row.archive in names:
            files = {one.name for one in (folders / row.archive).iterdir()}
            assert files == {"first", row.archive}
    baseline = folders / "demo_yolov3_mobilenet_v1"
    (whole,) = (folders / "demo_yolov3_mobilenet_v1_voc").iterdir()
    assert whole.stat().st_size == sum(one.stat().st_size for one in baseline.iterdir())


def test_the_drawn_sets_are_described_by_what_was_measured_on(made: Making) -> None:
    old, new = (
        open_zoo("demo", home=home).root / "archives" / "embedded.toml"
        for home in (None, made.home)
    )
    before = tomllib.loads(old.read_text())

    text = new.read_text()
    assert text.startswith("# Written by `zoo demo make`. ")
    assert tomllib.loads(text)["training"] == before["training"]
    assert tomllib.loads(text)["scenes"] == {
        name: {
            "seed": one["seed"],
            "count": one["count"],
            "fingerprint": f"fingerprint of {name}",
            "truth_sha256": f"truth of {name}",
        }
        for name, one in before["scenes"].items()
    }


def test_a_row_that_cannot_be_measured_ends_the_making_and_replaces_nothing(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    making = prepare(request.config.rootpath, tmp_path, monkeypatch)
    monkeypatch.setattr(
        demo_module,
        "_fill",
        lambda home, row, trained, folder: folder.mkdir(parents=True),
    )
    making.unmeasured = "yolov3-mobilenet_v1-voc-baseline-160"
    rows = making.home / "cases" / "rows"
    before = {one: one.read_bytes() for one in rows.rglob("*") if one.is_file()}

    with pytest.raises(
        HarnessError,
        match=r"^yolov3-\S+-voc-baseline-160 could not be measured; got because",
    ):
        making.make()

    assert {one: one.read_bytes() for one in rows.rglob("*") if one.is_file()} == before
    assert not (making.home / "expected" / "demo.csv").exists()
