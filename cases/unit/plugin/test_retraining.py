"""The second case of a row, in a pytest of its own where nothing is really trained."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import pytest

from harness.compress import paddleslim
from harness.errors import ArchiveUnavailable, HarnessError, UsageError
from harness.files import record_files
from harness.files.record_files import read_records
from harness.pipeline.measure.settings import Settings
from harness.pipeline.train import retrained_row
from harness.pipeline.train.asked import Asked
from harness.registry.zoo import open_zoo
from harness.values.options import OPTIONS
from harness.values.recipes import RecipeBook
from harness.values.records import Record, Verdict
from harness.values.rows import Row, Zoo
from testing.recipes import write_recipe
from testing.records import build_judgement, build_measurement, build_record
from testing.rows import build_row
from testing.zoos import write_zoo

LARGE, SMALL = (f"yolov3-mobilenet_v1-coco-baseline-{px}" for px in (608, 320))
#: Published archives are measured to the verdict in the environment, without any work.
CONFTEST = """
import os
import pytest
from harness.values.records import Verdict
from testing.records import build_judgement, build_measurement, build_record

pytest_plugins = ["harness.pytest_zoo"]


@pytest.fixture(scope="session")
def zoo_measurer():
    verdict = Verdict(os.environ["PUBLISHED"])
    runs = [build_measurement(build_judgement(Verdict.REPRODUCED))]
    if verdict in ("unavailable", "no_dataset"):
        runs = []

    def measure(row):
        print("MEASURED", row.row_id)
        return build_record(row.row_id, verdict, *runs, zoo=row.zoo)

    return measure
"""


class Trainer:
    """Takes the place of ``retrain_row``: counts, and ends with a verdict."""

    def __init__(self) -> None:
        self.verdict = Verdict.REPRODUCED
        self.rows: list[str] = []
        self.known: list[list[str]] = []  # archives that were refused before each
        self.seen: SimpleNamespace | None = None

    def __call__(
        self,
        zoo: Zoo,
        book: RecipeBook,
        row: Row,
        settings: Settings,
        asked: Asked,
        *,
        watcher: object,  # noqa: ARG002 - who calls it names it
        refused: dict[str, HarnessError],
    ) -> Record:
        self.rows.append(row.row_id)
        self.known.append(list(refused))
        if self.verdict is Verdict.UNAVAILABLE:
            refused[row.archive] = ArchiveUnavailable("no recipe")
        self.seen = SimpleNamespace(zoo=zoo, book=book, settings=settings, asked=asked)
        runs = [build_measurement(build_judgement(Verdict.REPRODUCED))]
        if self.verdict is Verdict.UNAVAILABLE:
            runs = []
        return build_record(row.row_id, self.verdict, *runs, zoo=row.zoo)


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch) -> Trainer:
    trainer = Trainer()
    monkeypatch.setattr(retrained_row, "retrain_row", trainer)
    return trainer


@pytest.fixture
def project(
    pytester: pytest.Pytester,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    trainer: Trainer,
    all_modules: None,
) -> pytest.Pytester:
    """A zoo of two rows of one archive, and a unit test."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for twin in (one.twin for one in OPTIONS if one.twin):
        monkeypatch.delenv(twin, raising=False)
    monkeypatch.setenv("PUBLISHED", "unavailable")
    pytester.makeconftest(CONFTEST)
    pytester.makeini("[pytest]\naddopts = -ra --strict-markers -p no:cacheprovider\n")
    cases = pytester.mkdir("cases")
    shutil.copytree(request.config.rootpath / "cases" / "zoo", cases / "zoo")
    pytester.makepyfile(test_own="def test_own(): pass")
    rows = [build_row(one) for one in (LARGE, SMALL)]
    write_zoo(pytester.path / "mine", rows, dict.fromkeys((LARGE, SMALL), "24.0"))
    return pytester


def run(project: pytest.Pytester, *words: str) -> pytest.RunResult:
    zoo = ("--zoo=./mine", "--records=kept", "cases/zoo")
    return project.runpytest_inprocess(*zoo, *words)


def collected(project: pytest.Pytester, *words: str) -> list[str]:
    reached = project.inline_run("--collect-only", *words)
    (finished,) = reached.getcalls("pytest_collection_finish")
    return [item.callspec.id for item in finished.session.items]


# Collection.


def test_every_row_has_a_second_case_with_the_option_alone(
    project: pytest.Pytester,
) -> None:
    words = ("--zoo=january-2020", "cases/zoo")
    rows = open_zoo("january-2020").rows
    ids = [row.row_id for row in rows]

    assert collected(project, *words) == ids
    assert collected(project, *words, "--retrain=missing") == [
        *ids,
        *(f"{one}-retrained" for one in ids),
    ]


@pytest.mark.parametrize(
    ("expression", "count"),
    [
        ("coco", 40),
        ("coco and published", 20),
        ("coco and retrained", 20),
        ("voc and prune", 6),
        ("retrained", 32),
        ("not retrained", 32),
    ],
)
def test_markers_select_second_cases_as_they_do_first_ones(
    project: pytest.Pytester, expression: str, count: int
) -> None:
    words = ("--zoo=january-2020", "--retrain=always", "-m", expression, "cases/zoo")

    assert len(collected(project, *words)) == count


def test_without_the_option_a_marker_selects_what_it_always_did(
    project: pytest.Pytester,
) -> None:
    words = ("--zoo=january-2020", "cases/zoo", "-m")

    assert len(collected(project, *words, "coco")) == 20
    assert len(collected(project, *words, "not retrained")) == 32


def test_second_cases_alone_without_the_option_are_a_usage_error(
    project: pytest.Pytester,
) -> None:
    result = run(project, "-m", "retrained")

    assert result.ret is pytest.ExitCode.USAGE_ERROR
    (line,) = (one for one in result.errlines if one)
    assert line.startswith("ERROR: -m 'retrained': selects rows that are trained again")
    assert "--retrain missing" in line


def test_the_option_alone_asks_for_no_row(project: pytest.Pytester) -> None:
    result = project.runpytest_inprocess("--retrain=always")

    result.assert_outcomes(passed=1, deselected=64)
    result.stdout.fnmatch_lines(["32 rows of the zoo were not asked for: *"])


# Outcomes.


def test_what_could_not_be_downloaded_is_trained_once_and_kept_apart(
    project: pytest.Pytester, trainer: Trainer
) -> None:
    result = run(project, "--retrain=missing")

    result.assert_outcomes(skipped=2, passed=2)
    assert trainer.rows == [LARGE, SMALL]
    result.stdout.fnmatch_lines(
        [
            "*= zoo =*",
            "2 rows: 2 unavailable",
            "*= zoo, trained again =*",
            "2 rows: 2 reproduced",
        ]
    )
    kept = project.path / "kept" / "mine"
    assert {*read_records(kept / "retrained")} == {LARGE, SMALL}
    assert read_records(kept) == {}  # of published archives, whose measurer is a fake
    assert trainer.seen.settings.records == kept / "retrained"


def test_what_refused_a_training_is_known_to_the_next_row_of_its_archive(
    project: pytest.Pytester, trainer: Trainer
) -> None:
    trainer.verdict = Verdict.UNAVAILABLE
    run(project, "--retrain=always", "-m", "retrained")

    assert trainer.rows == [LARGE, SMALL]
    (archive,) = {row.archive for row in trainer.seen.zoo.rows}
    assert trainer.known == [[], [archive]]


def test_what_was_measured_is_not_needed_and_no_failure(
    project: pytest.Pytester, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLISHED", "lower")
    result = run(project, "--retrain=missing", "--require-measured")

    result.assert_outcomes(failed=2, skipped=2)
    result.stdout.fnmatch_lines(
        ["2 rows: 2 lower", "SKIPPED * not needed: the archive was measured"]
    )
    result.stdout.no_fnmatch_line("*trained again*")
    assert trainer.rows == []


def test_numbers_of_some_images_show_that_the_archive_is_there(
    project: pytest.Pytester, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLISHED", "partial")
    run(project, "--retrain=missing", "-m", "retrained").assert_outcomes(
        skipped=2, deselected=2
    )

    assert trainer.rows == []


def test_always_trains_what_was_measured_and_measures_nothing_for_it(
    project: pytest.Pytester, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLISHED", "reproduced")
    result = run(project, "--retrain=always", "-m", "retrained", "-s")

    result.assert_outcomes(passed=2, deselected=2)
    result.stdout.no_fnmatch_line("MEASURED*")
    assert trainer.rows == [LARGE, SMALL]


@pytest.mark.parametrize(
    ("verdict", "is_required", "outcomes"),
    [
        (Verdict.REPRODUCED, True, {"skipped": 1, "passed": 1}),
        (Verdict.LOWER, True, {"skipped": 1, "failed": 1}),
        (Verdict.LOWER, False, {"skipped": 1, "failed": 1}),
        (Verdict.PARTIAL, True, {"failed": 2}),
        (Verdict.PARTIAL, False, {"skipped": 2}),
        (Verdict.UNAVAILABLE, True, {"failed": 2}),
        (Verdict.UNAVAILABLE, False, {"skipped": 2}),
    ],
)
def test_a_row_that_nobody_serves_passes_where_its_second_case_was_measured(
    project: pytest.Pytester,
    trainer: Trainer,
    verdict: Verdict,
    is_required: bool,
    outcomes: dict[str, int],
) -> None:
    trainer.verdict = verdict
    words = ["--require-measured"] if is_required else []
    result = run(project, "--retrain=missing", "-k", "608", *words)

    result.assert_outcomes(deselected=2, **outcomes)
    assert trainer.rows == [LARGE]  # for both cases


def test_a_second_case_that_is_not_selected_is_not_trained(
    project: pytest.Pytester, trainer: Trainer
) -> None:
    words = ("--retrain=missing", "--require-measured", "-m", "published")
    run(project, *words).assert_outcomes(failed=2, deselected=2)

    assert trainer.rows == []


def test_another_verdict_than_unavailable_is_stood_in_for_by_nothing(
    project: pytest.Pytester, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLISHED", "no_dataset")
    words = ("--retrain=missing", "--require-measured")
    run(project, *words).assert_outcomes(failed=2, passed=2)


def test_a_record_that_cannot_be_written_fails_its_case_in_one_sentence(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(record_files, "write_text", full)
    result = run(project, "--retrain=missing", "-m", "retrained", "-k", "608")

    result.assert_outcomes(failed=1, deselected=3)
    told = "errored: <records>: the records folder cannot be written; *"
    result.stdout.fnmatch_lines([told])
    result.stdout.no_fnmatch_line("*Traceback*")


# What is asked of a training.


def test_options_reach_the_training(
    project: pytest.Pytester, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_MAX_HOURS", "7")
    run(project, "--retrain=always", "-m", "retrained", "--batch=4")
    assert trainer.seen.asked == Asked(batch=4, max_hours=7)

    run(project, "--retrain=always", "-m", "retrained", "--max-hours=2")
    assert trainer.seen.asked == Asked(max_hours=2)

    monkeypatch.delenv("ZOO_MAX_HOURS")
    run(project, "--retrain=always", "-m", "retrained")
    assert trainer.seen.asked == Asked()


def test_the_table_of_trained_rows_prints_the_mean_of_seeds_that_they_are_held_to(
    project: pytest.Pytester, trainer: Trainer
) -> None:
    text = "row,metric,seed,measured_pct\n" + "".join(
        f"{LARGE},box_ap,{seed},2{seed}.5\n" for seed in (1, 2, 3)
    )
    (project.path / "mine" / "expected.retrained.csv").write_text(text)
    result = run(project, "--retrain=always")

    assert len(trainer.seen.zoo.seed_scores) == 3
    result.stdout.fnmatch_lines(
        ["*= zoo =*", f"{LARGE} * 24.0 *", "*trained again =*", f"{LARGE} * 22.50 *"]
    )


def test_a_recipe_that_prunes_needs_paddleslim_before_anything_is_measured(
    project: pytest.Pytester, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise UsageError("PaddleSlim cannot be imported", next_step="install it")

    monkeypatch.setattr(paddleslim, "import_paddleslim", refuse)
    recipes = project.path / "mine" / "recipes"
    write_recipe(recipes, "mobilenet_v1", {"strategy": {"pruning": "prune_r578"}})
    refused = run(project, "--retrain=missing")

    assert refused.ret is pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines(
        ["ERROR: --retrain: PaddleSlim cannot be imported; install it"]
    )
    assert trainer.rows == []
    run(project, "--retrain=missing", "-m", "published").assert_outcomes(
        skipped=2, deselected=2
    )


# Reports.


def test_a_junit_file_has_the_numbers_of_both_cases(project: pytest.Pytester) -> None:
    run(project, "--retrain=missing", "-k", "608", "--junit-xml=out.xml")
    text = (project.path / "out.xml").read_text()
    first, second = text.split("<testcase")[1:]

    assert 'name="verdict" value="unavailable"' in first
    assert 'name="claimed" value="24.0"' in second
    assert 'name="published"' not in second


def test_records_come_from_all_workers(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, request
) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    builders = str(request.config.rootpath / "cases")
    monkeypatch.setenv("PYTHONPATH", f"{builders}:{request.config.rootpath}")
    fake = (
        "from harness.pipeline.train import retrained_row\n"
        "retrained_row.retrain_row = lambda zoo, book, row, *_, **__: build_record(\n"
        "    row.row_id,\n"
        "    Verdict.LOWER,\n"
        "    build_measurement(build_judgement(Verdict.LOWER)),\n"
        "    zoo=row.zoo,\n"
        ")\n"
    )
    project.makeconftest(CONFTEST + fake)
    words = ("-p", "xdist.plugin", "-n", "2", "--zoo=./mine", "--retrain=missing")
    result = project.runpytest_subprocess(*words, "--require-measured", "cases/zoo")

    result.assert_outcomes(skipped=2, failed=2)
    result.stdout.fnmatch_lines(["2 rows: 2 unavailable", "2 rows: 2 lower"])
