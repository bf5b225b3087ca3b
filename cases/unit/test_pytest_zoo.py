import importlib.metadata
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from harness.dataset.coco import ANNOTATIONS
from harness.dataset.drawn.coco_scenes import write_coco_scenes
from harness.files.record_files import read_record, read_records, read_structures
from harness.plugin.options import settings_of
from harness.registry.datasets import read_known_datasets
from harness.registry.zoo import open_zoo
from harness.values.datasets import KnownDataset
from harness.values.options import OPTIONS
from harness.values.records import FAILING, INCOMPLETE, PASSING, Verdict
from harness.values.rows import MARKERS, Zoo

ONE = "yolov3-mobilenet_v1-coco-prune_r578-608"
TWINS = tuple(one.twin for one in OPTIONS if one.twin)
INI = """
[pytest]
addopts = -ra --strict-markers --strict-config --import-mode=importlib
testpaths = cases
"""
PLAIN_CONFTEST = 'pytest_plugins = ["harness.pytest_zoo"]\n'
#: Every row ends with the verdict in the environment, without any work.
FAKE_CONFTEST = """
import os
import pytest
from harness.values.records import Verdict
from testing.records import build_judgement, build_measurement, build_record

pytest_plugins = ["harness.pytest_zoo"]


@pytest.fixture(scope="session")
def zoo_measurer():
    verdict = Verdict(os.environ["FAKE_VERDICT"])
    runs = []
    if verdict in ("reproduced", "lower", "higher"):
        runs = [build_measurement(build_judgement(verdict))]
    return lambda row: build_record(row.row_id, verdict, *runs, zoo=row.zoo)
"""


@pytest.fixture(autouse=True)
def alone(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, all_modules: None
) -> None:
    """No environment twin, and no other plugin: importing those takes most time."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    builders = str(request.config.rootpath / "cases")
    monkeypatch.setenv("PYTHONPATH", builders, prepend=os.pathsep)
    for twin in TWINS:
        monkeypatch.delenv(twin, raising=False)


@pytest.fixture(scope="module")
def january(request: pytest.FixtureRequest) -> Zoo:
    return open_zoo("january-2020", home=request.config.rootpath)


@pytest.fixture
def project(
    pytester: pytest.Pytester, request: pytest.FixtureRequest
) -> pytest.Pytester:
    """A folder laid out like this one: the rows' case, a unit test, a benchmark."""
    pytester.makeini(INI)
    pytester.makeconftest(PLAIN_CONFTEST)
    rows = pytester.mkdir("cases") / "zoo"
    rows.mkdir()
    for case in (request.config.rootpath / "cases" / "zoo").glob("test_*.py"):
        shutil.copyfile(case, rows / case.name)
    for folder, text in (
        ("unit", "def test_own(): pass\n"),
        ("bench", "import pytest\n@pytest.mark.speed\ndef test_fast(): pass\n"),
    ):
        path = rows.parent / folder / f"test_{folder}.py"
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
    return pytester


@pytest.fixture
def fake(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """The same, where a row costs nothing to measure."""
    project.makeconftest(FAKE_CONFTEST)
    monkeypatch.setenv("FAKE_VERDICT", "reproduced")
    return project


def collected(project: pytest.Pytester, *words: str) -> list[str]:
    """Return the names of the cases that would run, in order; a row by its id."""
    reached = project.inline_run("--collect-only", *words)
    (finished,) = reached.getcalls("pytest_collection_finish")
    return [
        item.callspec.id if hasattr(item, "callspec") else item.name
        for item in finished.session.items
    ]


# Collection.


def test_every_row_is_a_case_under_its_own_id(
    project: pytest.Pytester, january: Zoo
) -> None:
    ids = collected(project, "cases/zoo")

    assert len(ids) == 32
    assert ids == [row.row_id for row in january.rows]


@pytest.mark.parametrize(
    ("expression", "count"),
    [("coco", 20), ("voc", 6), ("widerface", 6), ("voc and prune", 3)],
)
def test_a_marker_selects_exactly_its_rows(
    project: pytest.Pytester, january: Zoo, expression: str, count: int
) -> None:
    ids = collected(project, "-m", expression)

    assert len(ids) == count
    assert set(ids) <= {row.row_id for row in january.rows}


@pytest.mark.parametrize("marker", sorted(set(MARKERS) - {"speed", "retrained"}))
def test_rows_carry_the_markers_that_they_say(
    project: pytest.Pytester, january: Zoo, marker: str
) -> None:
    assert collected(project, "-m", marker) == [
        row.row_id for row in january.rows if marker in row.markers
    ]


def test_a_keyword_selects_by_the_words_of_the_id(
    project: pytest.Pytester, january: Zoo
) -> None:
    ids = collected(project, "-k", "mobilenet_v1 and 608")

    assert ids
    assert ids == [
        row.row_id
        for row in january.rows
        if "mobilenet_v1" in row.row_id and "608" in row.row_id
    ]


def test_the_frozen_markers_are_registered(project: pytest.Pytester) -> None:
    result = project.runpytest_inprocess("--markers")

    result.stdout.fnmatch_lines_random(
        [f"@pytest.mark.{name}: {meaning}" for name, meaning in MARKERS.items()]
    )
    assert set(MARKERS) == {
        *("coco", "voc", "widerface"),
        *("prune", "distill", "quant", "quant_post", "quant_aware"),
        *("yolov3", "blazeface", "published", "retrained", "structure", "speed"),
    }


def test_bare_pytest_asks_for_no_row_and_says_how_to(project: pytest.Pytester) -> None:
    result = project.runpytest_inprocess()

    result.assert_outcomes(passed=1, deselected=33)
    assert result.stdout.lines[-2] == (
        "32 rows of the zoo were not asked for: "
        "`pytest -m coco`, `pytest -m 'voc and prune'`, `pytest --zoo demo`"
    )


def test_every_figure_is_a_case_under_its_row_and_metric(
    project: pytest.Pytester, request: pytest.FixtureRequest
) -> None:
    march = open_zoo("march-2020", home=request.config.rootpath)
    ids = collected(project, "-m", "structure", "--zoo", "march-2020")

    assert len(ids) == 89
    assert ids == [
        f"{row.row_id}-{claim.metric}"
        for row in march.rows
        for claim in march.structure_claims(row.row_id)
    ]


def test_figures_carry_their_architecture_and_no_dataset(
    project: pytest.Pytester,
) -> None:
    words = ("--zoo", "march-2020")
    figures = collected(project, "-m", "structure and blazeface", *words)

    assert len(figures) == 10
    assert collected(project, "-m", "structure and (coco or published)", *words) == []
    assert not set(figures) & set(collected(project, "-m", "widerface", *words))


def test_a_bare_run_sets_figures_aside_as_well(project: pytest.Pytester) -> None:
    assert collected(project) == ["test_own"]


def test_figures_end_as_their_verdicts_and_are_recorded(
    project: pytest.Pytester,
) -> None:
    words = ("-m", "structure", "--zoo", "march-2020", "--records", "kept")
    kept = project.path / "kept" / "march-2020"
    ran = project.runpytest(*words, "-k", "mobilenet_v1-coco-prune_r578-608")

    ran.assert_outcomes(passed=2, deselected=151)
    ran.stdout.fnmatch_lines(
        [
            "*= structure =*",
            "*prune_r578-608  gflops   6.266     6.27     0.00  *0.005*reproduced",
            "2 figures: 2 reproduced",
        ]
    )
    (record,) = read_structures(kept).values()
    assert record.verdict is Verdict.REPRODUCED


def test_a_figure_without_a_network_fails_by_name(project: pytest.Pytester) -> None:
    words = ("-m", "structure", "--zoo", "march-2020", "-k", "nas2")
    ran = project.runpytest(*words)

    ran.assert_outcomes(failed=1, deselected=152)
    ran.stdout.fnmatch_lines(["unreadable: no network blazeface-nas2 in this version*"])


def test_a_figure_that_is_not_the_printed_one_fails_with_both(
    project: pytest.Pytester, request: pytest.FixtureRequest
) -> None:
    home = request.config.rootpath
    folder = project.path / "rows" / "mine"
    shutil.copytree(home / "cases" / "rows" / "march-2020", folder)
    claims = (home / "expected" / "march-2020.csv").read_text(encoding="utf-8")
    changed = claims.replace("prune_r578-608,gflops,6.27", "prune_r578-608,gflops,6.28")
    (folder / "expected.csv").write_text(changed, encoding="utf-8")
    words = ("-m", "structure", "--zoo", str(folder))
    ran = project.runpytest(*words, "-k", "coco-prune_r578-608 and mobilenet_v1")

    ran.assert_outcomes(failed=1, passed=1, deselected=151)
    ran.stdout.fnmatch_lines(
        ["lower: *prune_r578-608: gflops; expected 6.28 within 0.005 (half of*6.26*"]
    )


def test_unit_tests_by_path_say_nothing_of_rows(project: pytest.Pytester) -> None:
    result = project.runpytest_inprocess("cases/unit")

    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*not asked for*")


def test_an_asked_for_zoo_selects_its_rows_alone(
    project: pytest.Pytester, request: pytest.FixtureRequest
) -> None:
    demo = open_zoo("demo", home=request.config.rootpath)

    assert collected(project, "--zoo=demo") == [row.row_id for row in demo.rows]


def test_an_asked_for_zoo_does_not_override_paths(project: pytest.Pytester) -> None:
    assert collected(project, "--zoo=demo", "cases/unit") == ["test_own"]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([], ["test_own"]),
        (["-m", "speed"], ["test_fast"]),
        (["cases/bench"], ["test_fast"]),
        (["cases/bench/test_bench.py::test_fast"], ["test_fast"]),
        (["cases/unit", "-m", "not coco"], ["test_own"]),
        (["-k", "own or fast"], ["test_own"]),
        (["-m", "published and structure"], []),
    ],
)
def test_benchmarks_and_unit_tests_run_when_they_are_meant(
    project: pytest.Pytester, words: list[str], names: list[str]
) -> None:
    assert collected(project, *words) == names


@pytest.mark.parametrize(
    "path",
    [
        f"cases/zoo/test_published_ap.py::test_published_ap[{ONE}]",
        "cases/zoo/test_published_ap.py",
        "cases/zoo",
    ],
)
def test_a_row_is_asked_for_by_its_path(project: pytest.Pytester, path: str) -> None:
    assert ONE in collected(project, path)
    assert ONE in collected(project, str(project.path / path))


def test_asking_for_marked_cases_imports_no_unit_test(
    project: pytest.Pytester,
) -> None:
    unit = project.path / "cases" / "unit" / "test_unit.py"
    unit.write_text("raise RuntimeError('imported')\n", encoding="utf-8")

    assert len(collected(project, "-m", "voc and prune")) == 3


def test_a_malformed_expression_is_told_by_pytest(project: pytest.Pytester) -> None:
    result = project.runpytest_inprocess("-m", "coco and")

    assert result.ret is pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: Wrong expression passed to '-m': coco and*"])


def test_a_folder_is_a_zoo_as_well(
    project: pytest.Pytester, request: pytest.FixtureRequest
) -> None:
    synthetic = Path("cases/unit/data/registry/synthetic/cases/rows/synthetic")
    folder = request.config.rootpath / synthetic

    assert collected(project, f"--zoo={folder}") == [
        row.row_id for row in open_zoo(str(folder)).rows
    ]


def test_collecting_imports_neither_paddle_nor_the_metrics(
    project: pytest.Pytester,
) -> None:
    project.makeconftest(
        PLAIN_CONFTEST
        + "import sys\n"
        + "def pytest_unconfigure():\n"
        + "    heavy = {'paddle', 'cv2', 'pycocotools', 'rich', 'typer'}\n"
        + "    print('heavy:', sorted(heavy & set(sys.modules)))\n"
    )
    result = project.runpytest_subprocess("--collect-only", "-q", "-m", "published")

    result.stdout.fnmatch_lines(["32 tests collected*", "heavy: [[][]]"])


# What cannot be asked.


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--limit=0"], "*--limit: expected 1 image or more, got 0"),
        (["--limit=-3"], "*--limit: expected 1 image or more, got -3"),
        (["--limit=few"], "*invalid int value: 'few'"),
        (
            ["--max-image-pixels=0"],
            "*--max-image-pixels; expected a number of pixels, 1 or more, got '0'*",
        ),
        (["--coco-engine=x"], "*--coco-engine: invalid choice: 'x'*"),
        (["--retrain=never"], "*invalid choice: 'never'*"),
        (
            ["--zoo=december-2019"],
            "*no zoo 'december-2019'; expected the path of *demo or january-2020*",
        ),
    ],
)
def test_what_cannot_be_asked_is_a_usage_error(
    project: pytest.Pytester, words: list[str], message: str
) -> None:
    result = project.runpytest_inprocess(*words)

    assert result.ret is pytest.ExitCode.USAGE_ERROR
    (result.stderr if result.errlines else result.stdout).fnmatch_lines([message])


def test_a_gpu_that_does_not_compute_is_a_usage_error(project: pytest.Pytester) -> None:
    installed = {one.name for one in importlib.metadata.distributions()}
    if "paddlepaddle" not in installed:
        pytest.skip("needs the Paddle that was built for the CPU")
    result = project.runpytest_subprocess("--gpu", "-m", "coco")

    assert result.ret is pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --gpu: this Paddle was built without CUDA; expected *; install *"]
    )


def test_a_precision_on_the_gpu_is_a_usage_error(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess("--gpu", "--precision=bf16", "-m", "coco")

    assert result.ret is pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --precision bf16 on the GPU; expected the processor; drop *"]
    )


# Verdicts to outcomes (design 3).

OUTCOMES = {
    **dict.fromkeys(PASSING, ("passed", "passed")),
    **dict.fromkeys(FAILING, ("failed", "failed")),
    **dict.fromkeys(INCOMPLETE, ("skipped", "failed")),
}


@pytest.mark.parametrize("is_required", [False, True], ids=["", "require-measured"])
@pytest.mark.parametrize("verdict", Verdict)
def test_a_verdict_is_the_outcome_and_its_reason(
    fake: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    verdict: Verdict,
    is_required: bool,
) -> None:
    monkeypatch.setenv("FAKE_VERDICT", verdict)
    words = ["--require-measured"] if is_required else []
    result = fake.runpytest_inprocess("-m", "coco", "-k", ONE, *words)

    outcome = OUTCOMES[verdict][is_required]
    result.assert_outcomes(**{outcome: 1, "deselected": 31})
    if outcome == "skipped":
        result.stdout.fnmatch_lines([f"SKIPPED * {verdict}: because"])
    if outcome == "failed":
        result.stdout.fnmatch_lines([f"{verdict}: because", f"FAILED *{ONE}?"])


# The end of a run.


def test_a_run_ends_with_the_table_of_its_rows(fake: pytest.Pytester) -> None:
    result = fake.runpytest_inprocess("-m", "coco and prune", "-k", "608")

    result.stdout.fnmatch_lines(
        ["*= zoo =*", "row *measured*printed*verdict", f"{ONE} *23.99*reproduced"]
    )
    result.stdout.fnmatch_lines(["* row: * reproduced"])
    result.stdout.no_fnmatch_line("*NOTHING WAS MEASURED*")


@pytest.mark.parametrize("verdict", ["unavailable", "no_dataset", "unreadable"])
def test_a_run_that_measured_nothing_says_so_loudly(
    fake: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, verdict: str
) -> None:
    monkeypatch.setenv("FAKE_VERDICT", verdict)
    result = fake.runpytest_inprocess("-m", "voc and prune")

    result.stdout.fnmatch_lines(
        [f"NOTHING WAS MEASURED (3 rows: 3 {verdict}): no published number was checked"]
    )


def test_the_table_comes_from_all_workers(fake: pytest.Pytester) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    words = ("-p", "xdist.plugin", "-n", "2", "-m", "voc and prune")
    result = fake.runpytest_subprocess(*words)

    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["3 rows: 3 reproduced"])


# Options and their environment twins.


def settings_with(project: pytest.Pytester, zoo: Zoo, *words: str) -> object:
    return settings_of(project.parseconfig(*words), zoo)


@pytest.mark.parametrize("before", [None, "5"])
def test_the_limit_of_pixels_holds_for_one_session(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    if before is None:
        monkeypatch.delenv("ZOO_MAX_IMAGE_PIXELS", raising=False)
    else:
        monkeypatch.setenv("ZOO_MAX_IMAGE_PIXELS", before)
    path = project.makepyfile(
        """
        from harness.dataset.image_header import max_image_pixels

        def test_it():
            assert max_image_pixels() == 7
        """
    )

    result = project.runpytest_inprocess("--max-image-pixels=7", path)

    result.assert_outcomes(passed=1)
    assert os.environ.get("ZOO_MAX_IMAGE_PIXELS") == before


@pytest.mark.parametrize(
    ("option", "twin", "field", "default"),
    [
        ("--data-root", "ZOO_DATA_ROOT", "data_root", None),
        ("--zoo-cache", "ZOO_CACHE", "cache", ".zoo/cache"),
        ("--records", "ZOO_RECORDS", "records", ".zoo/records"),
    ],
)
def test_an_option_wins_over_its_twin_and_the_twin_over_the_default(
    project: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    january: Zoo,
    option: str,
    twin: str,
    field: str,
    default: str | None,
) -> None:
    def place(path: str | Path | None) -> Path | None:
        if path is None:
            return None
        below = january.name if field == "records" else ""
        return project.path / path / below

    def got(*words: str) -> object:
        return getattr(settings_with(project, january, *words), field)

    assert got() == place(default)
    monkeypatch.setenv(twin, "from-twin")
    assert got() == place("from-twin")
    assert got(f"{option}=from-option") == place("from-option")
    monkeypatch.setenv(twin, "")
    assert got() == place(default)


def test_a_mirror_is_the_option_the_twin_or_none(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, january: Zoo
) -> None:
    assert settings_with(project, january).mirror is None
    monkeypatch.setenv("ZOO_MIRROR", "https://twin.example")
    assert settings_with(project, january).mirror == "https://twin.example"
    asked = settings_with(project, january, "--mirror=https://option.example")
    assert asked.mirror == "https://option.example"


@pytest.mark.parametrize(
    ("words", "twin", "is_offline"),
    [
        ([], None, False),
        ([], "", False),
        ([], "0", False),
        ([], "No", False),
        ([], "false", False),
        ([], "1", True),
        ([], "yes", True),
        (["--offline"], None, True),
        (["--offline"], "0", True),
    ],
)
def test_offline_is_the_option_or_a_twin_that_means_yes(
    project: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    january: Zoo,
    words: list[str],
    twin: str | None,
    is_offline: bool,
) -> None:
    if twin is not None:
        monkeypatch.setenv("ZOO_OFFLINE", twin)

    assert settings_with(project, january, *words).offline is is_offline


def test_the_other_options_reach_the_settings(
    project: pytest.Pytester, january: Zoo
) -> None:
    named = "--coco-engine=pycocotools"
    settings = settings_with(project, january, "--limit=7", "--fresh", named)

    assert (settings.limit, settings.fresh, settings.gpu) == (7, True, False)
    assert settings_with(project, january, "--gpu").gpu is True
    assert settings_with(project, january).limit is None
    assert settings_with(project, january).fresh is False
    assert settings.precision == "float32"
    bf16 = settings_with(project, january, "--precision=bf16")
    assert (bf16.precision, bf16.records) == ("bf16", settings.records)
    assert settings.coco_engine == "pycocotools"
    assert settings_with(project, january).coco_engine == "ultrafast-pycocotools"
    assert replace(settings.known_datasets["coco"], class_names=None) == KnownDataset(
        image_count=5000, annotation_count=36781
    )


@pytest.mark.parametrize(
    ("words", "twin", "is_on"),
    [
        ([], None, False),
        ([], "0", False),
        ([], "1", True),
        (["--zoo-debug"], None, True),
        (["--zoo-debug"], "no", True),
    ],
)
def test_debug_is_the_option_or_a_twin_that_means_yes(
    project: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    january: Zoo,
    words: list[str],
    twin: str | None,
    is_on: bool,
) -> None:
    if twin is not None:
        monkeypatch.setenv("ZOO_DEBUG", twin)

    assert settings_with(project, january, *words).debug is is_on


def test_limits_of_programs_reach_the_settings(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, january: Zoo
) -> None:
    words = ("--program-memory=2", "--program-seconds=5.5")
    limits = settings_with(project, january, *words).program_limits

    assert (limits.memory_bytes, limits.first_s) == (2 << 30, 5.5)
    assert settings_with(project, january).program_limits.first_s == 600
    monkeypatch.setenv("ZOO_PROGRAM_SECONDS", "7")
    assert settings_with(project, january).program_limits.first_s == 7


# The log.


def test_the_log_is_shown_where_pytest_is_asked_to(fake: pytest.Pytester) -> None:
    words = ("-m", "coco", "-k", ONE, "--records=kept")
    shown = fake.runpytest_inprocess(*words, "--log-cli-level=INFO")
    silent = fake.runpytest_inprocess(*words)

    places = f"cache {fake.path}/.zoo/cache, records {fake.path}/kept/january-2020"
    shown.stdout.fnmatch_lines([f"INFO *{places}, data root none, mirror none"])
    silent.stdout.no_fnmatch_line("*INFO*")
    silent.stdout.no_fnmatch_line(f"*{places}*")


# Rows that are really asked for, in a pytest of their own.


def test_a_network_that_is_not_built_is_unreadable_by_name(
    project: pytest.Pytester,
) -> None:
    row_id = "blazeface-nas2-widerface-baseline-640"
    words = ("--zoo=march-2020", "--records=kept", "--zoo-cache=cached")
    result = project.runpytest_subprocess("-m", "widerface", "-k", row_id, *words)

    assert result.parseoutcomes()["failed"] == 1
    result.stdout.fnmatch_lines(["*unreadable: no network blazeface-nas2 *"])
    record = read_record(project.path / "kept" / "march-2020" / f"{row_id}.json")
    assert record.verdict is Verdict.UNREADABLE
    assert not (project.path / ".zoo").exists()


def of_published_classes(root: Path, home: Path) -> None:
    """Give drawn scenes the categories of the published set, whose first they are."""
    facts = read_known_datasets(home / "expected" / "datasets.toml")
    data = json.loads((root / ANNOTATIONS).read_text())
    names = facts["january-2020"]["coco"].class_names or ()
    data["categories"] = [
        {"id": number, "name": name} for number, name in enumerate(names, start=1)
    ]
    (root / ANNOTATIONS).write_text(json.dumps(data))


def test_rows_without_a_source_are_skipped_and_recorded(
    project: pytest.Pytester,
    january: Zoo,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    write_coco_scenes(project.path / "data", seed=1, count=2)
    of_published_classes(project.path / "data", request.config.rootpath)
    result = project.runpytest_subprocess(
        "-m", "coco and prune", "-k", "mobilenet_v1", "--data-root=data"
    )

    result.assert_outcomes(skipped=3, deselected=29)
    result.stdout.fnmatch_lines(["NOTHING WAS MEASURED*", "SKIPPED * unavailable: *"])
    result.stdout.no_fnmatch_line("detecting on *")
    records = project.path / ".zoo" / "records" / january.name
    assert {path.stem for path in records.glob("*.json")} == {
        row.row_id
        for row in january.rows
        if row.backbone == "mobilenet_v1" and row.markers >= {"coco", "prune"}
    }


def test_a_zoo_of_ones_own_is_measured_from_a_mirror_and_a_data_root(
    project: pytest.Pytester, request: pytest.FixtureRequest
) -> None:
    demo = open_zoo("demo", home=request.config.rootpath)
    folder = project.mkdir("mine")
    shutil.copy(demo.root / "baseline_coco.toml", folder)
    large, small = (f"yolov3-mobilenet_v1-coco-baseline-{px}" for px in (224, 160))
    claims = f"row,metric,printed\n{large},box_ap,99.9\n{small},box_ap,0.1\n"
    (folder / "expected.csv").write_text(claims, encoding="utf-8")
    write_coco_scenes(project.path / "data", seed=1, count=8)
    result = project.runpytest_subprocess(
        *("--zoo=mine", "--data-root=data", "--records=kept", "--zoo-cache=cached"),
        *("--offline", f"--mirror={demo.root / 'archives'}"),
    )

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "lower: box_ap measured *, printed 99.9, difference -*, tolerance 0.10 *",
            "higher: box_ap measured *, printed 0.1, difference +*, tolerance 0.10 *",
            "2 rows: 1 lower, 1 higher",
        ]
    )
    records = read_records(project.path / "kept" / "mine")
    assert {one: record.verdict for one, record in records.items()} == {
        large: Verdict.LOWER,
        small: Verdict.HIGHER,
    }
    assert {path.name for path in project.path.iterdir()} >= {"kept", "cached"}
    assert not (project.path / ".zoo").exists()


def test_the_demo_runs_by_two_words(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess(
        "--zoo=demo", "--limit=8", "--require-measured", "-m", "coco", "-k", "baseline"
    )

    result.assert_outcomes(failed=2, deselected=13)
    result.stdout.fnmatch_lines(
        [
            "drawing coco scenes: 1 of 200",
            "drawing coco scenes: 200 of 200",
            "detecting on coco: 8 of 8 images",
            "*partial: only the first 8 images were measured*",
            "2 rows: 2 partial",
        ]
    )
