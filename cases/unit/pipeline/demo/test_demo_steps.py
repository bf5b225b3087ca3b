"""What a making of the demo does with weights and scores; nothing is trained here."""

import shutil
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness.train.recipe import read_recipe
from harness.train.tasks import TASKS
from harness.train.trainer import Progress

from harness.compress import prune as prune_module
from harness.errors import HarnessError
from harness.files.digest import file_sha256
from harness.model.networks.shapes import network_shapes
from harness.pipeline.demo import demo as demo_module
from harness.pipeline.demo.demo import INITIAL_SEED, DemoMade, make_demo
from harness.pipeline.demo.old_quantised import QUANTISED, old_scores_pct
from harness.pipeline.measure.embedded import Embedded
from harness.pipeline.measure.settings import Settings
from harness.registry.location import QUANTISED_BY_ORACLE
from harness.registry.zoo import open_zoo
from harness.train.initial import initial_weights
from harness.values.records import DatasetUsed, Record, Verdict
from harness.values.rows import METRICS_OF_DATASET, Row, Zoo
from testing.records import build_measurement, build_record
from testing.zoos import copy_home

Arrays = Mapping[str, np.ndarray[Any, Any]]

#: Of how many variables the trained weights are: files take their time.
VARIABLES = 3

#: Files of an older making, below the work folder.
OLDER = ("measuring/archives-1/left", "folders/demo_blazeface_nas/left")


@dataclass
class Making:
    """A home, and what its making asked of others."""

    home: Path
    work: Path
    told: list[str] = field(default_factory=list)
    trained: dict[str, Arrays] = field(default_factory=dict)  # stage -> it began with
    pruned: list[tuple[Arrays, str]] = field(default_factory=list)
    drawn: list[tuple[Path, set[str]]] = field(default_factory=list)
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
        task: object,
        initial: Arrays,
        *,
        checkpoint_path: Path,
        report: Callable[[Progress], None],
    ) -> Arrays:
        assert checkpoint_path.parent == making.work
        making.trained[checkpoint_path.stem] = initial
        report(
            Progress(step=7, steps=9, loss=1.0, rate=1.0, images_per_s=1.0, left_s=1.0)
        )
        return {name: initial[name] + 1 for name in list(initial)[:VARIABLES]}

    def prune(network: object, weights: Arrays, pruning: str) -> tuple[object, Arrays]:
        making.pruned.append((weights, pruning))
        return network, {name: values[:1] * 2 for name, values in weights.items()}

    def measure(zoo: Zoo, rows: Sequence[Row], settings: Settings) -> list[Record]:
        making.measured.append((zoo, list(rows), settings))
        return [record_of(row, fails=row.row_id == making.unmeasured) for row in rows]

    def draw(embedded: Embedded, root: Path, datasets: Collection[str]) -> None:
        making.drawn.append((root, set(datasets)))

    patch.setattr(demo_module, "train", train)
    patch.setattr(prune_module, "prune", prune)
    patch.setattr(demo_module, "measure_rows", measure)
    patch.setattr(demo_module, "draw_scenes", draw)
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


def test_each_network_is_trained_from_where_it_has_to_begin(made: Making) -> None:
    for stage in ("baseline", "blazeface"):
        recipe = read_recipe(made.home / "cases" / "recipes" / f"demo_{stage}.toml")
        shapes = network_shapes(TASKS[recipe.architecture](recipe).network)
        initial = initial_weights(
            shapes, num_classes=recipe.num_classes, seed=INITIAL_SEED
        )
        assert_same(made.trained[stage], initial)
    ((unpruned, pruning),) = made.pruned
    assert pruning == "prune_r578"
    begun = made.trained["baseline"]
    assert_same(unpruned, {one: begun[one] + 1 for one in list(begun)[:VARIABLES]})
    kept = {name: values[:1] * 2 for name, values in unpruned.items()}
    assert_same(made.trained["prune_r578"], kept)
    assert made.told == [
        "training the baseline",
        "baseline 7",
        "pruning, and training what is left",
        "prune_r578 7",
        "training the face detector",
        "blazeface 7",
        "drawing the validation sets",
        "packing the archives",
        "measuring the archives",
        "writing claims, pins and fingerprints",
    ]


def assert_same(ours: Arrays, expected: Arrays) -> None:
    assert ours.keys() == expected.keys()
    for name, values in expected.items():
        assert np.array_equal(ours[name], values), name


def test_rows_are_measured_by_dataset_from_new_archives_of_no_known_digest(
    made: Making,
) -> None:
    rows = open_zoo("demo").rows

    ((root, datasets),) = made.drawn
    assert datasets == set(METRICS_OF_DATASET)
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
    (whole,) = (folders / "demo_yolov3_mobilenet_v1_voc").iterdir()
    files = {
        name: {one.name: one.stat().st_size for one in (folders / name).iterdir()}
        for name in (
            "demo_yolov3_mobilenet_v1",
            "demo_yolov3_mobilenet_v1_prune578",
            "demo_blazeface_nas",
        )
    }
    unpruned, pruned, faces = files.values()

    assert (
        unpruned.keys()
        == pruned.keys()
        == set(list(made.trained["baseline"])[:VARIABLES])
    )
    assert faces.keys() == set(list(made.trained["blazeface"])[:VARIABLES])
    assert sum(pruned.values()) < sum(unpruned.values())
    assert whole.stat().st_size == sum(unpruned.values())


def test_the_drawn_sets_are_described_by_what_was_measured_on(made: Making) -> None:
    old, new = (
        open_zoo("demo", home=home).root / "archives" / "embedded.toml"
        for home in (None, made.home)
    )
    before = tomllib.loads(old.read_text())["scenes"]

    text = new.read_text()
    assert text.startswith("# Written by `zoo demo make`. ")
    assert tomllib.loads(text)["scenes"] == {
        name: {
            "seed": one["seed"],
            "count": one["count"],
            "fingerprint": f"fingerprint of {name}",
            "truth_sha256": f"truth of {name}",
        }
        for name, one in before.items()
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
