"""Rows are measured from any folder: the plugin brings its cases."""

import os
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from testing.rows import build_row
from testing.zoos import write_zoo

SIZES = (96, 128, 160)
IDS = [f"yolov3-mobilenet_v1-coco-baseline-{px}" for px in SIZES]
#: Measures rows without any work; those whose size stands in FAKE_LOWER are too low.
FAKE = """
import os
import pytest
from harness.values.records import Verdict
from testing.records import build_judgement, build_measurement, build_record


@pytest.fixture(scope="session")
def zoo_measurer():
    def measure(row):
        is_low = str(row.input_px) in os.environ.get("FAKE_LOWER", "").split()
        verdict = Verdict.LOWER if is_low else Verdict.REPRODUCED
        run = build_measurement(build_judgement(verdict), input_px=row.input_px)
        return build_record(row.row_id, verdict, run, zoo=row.zoo)

    return measure
"""
#: Runs the cases in another order than they stand in.
BACKWARDS = """
def pytest_collection_modifyitems(items):
    items.reverse()
"""


@pytest.fixture
def empty(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    all_modules: None,
) -> pytest.Pytester:
    """An empty folder, a small zoo elsewhere, and what loads the plugin early."""
    for name in ("ZOO_DATA_ROOT", "ZOO_CACHE", "ZOO_RECORDS", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    elsewhere = pytester.mkdir("elsewhere")
    (elsewhere / "fake_measurer.py").write_text(FAKE, encoding="utf-8")
    (elsewhere / "backwards.py").write_text(BACKWARDS, encoding="utf-8")
    rows = [build_row(one, archive="tiny") for one in IDS]
    write_zoo(elsewhere / "mini", rows, dict.fromkeys(IDS, "24.0"))
    monkeypatch.syspath_prepend(elsewhere)
    for path in (request.config.rootpath / "cases", elsewhere):
        monkeypatch.setenv("PYTHONPATH", str(path), prepend=os.pathsep)
    folder = pytester.mkdir("empty")
    monkeypatch.chdir(folder)
    return pytester


EARLY = ("-p", "harness.plugin.early")
MINI = ("-p", "fake_measurer", "--zoo", "../elsewhere/mini")


def run(empty: pytest.Pytester, *words: str) -> pytest.RunResult:
    return empty.runpytest_inprocess(*EARLY, *words)


def test_a_folder_without_a_checkout_has_the_rows_of_a_zoo(
    empty: pytest.Pytester,
) -> None:
    result = run(empty, *MINI, "-m", "coco")

    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [f"rootdir: {Path.cwd()}", f"{IDS[0]} *reproduced", "3 rows: 3 reproduced"]
    )


def test_the_published_zoos_are_there_by_name(empty: pytest.Pytester) -> None:
    words = ("--zoo", "january-2020", "--collect-only", "-q", "-m", "voc and prune")

    run(empty, *words).stdout.fnmatch_lines(["3/32 tests collected*"])


def test_values_of_other_options_are_no_test_paths(
    empty: pytest.Pytester, tmp_path: Path
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -k none\n")
    result = run(empty, *MINI, "--data-root", str(tmp_path), "--records", "kept")

    result.assert_outcomes(passed=3)


def test_settings_and_hooks_of_the_folder_stay_out_of_it(
    empty: pytest.Pytester,
) -> None:
    Path("conftest.py").write_text("raise RuntimeError('loaded')\n")
    Path("pytest.ini").write_text("[pytest]\naddopts = --limit-of-theirs=3\n")
    Path("test_theirs.py").write_text("def test_theirs(): pass\n")
    run(empty, *MINI).assert_outcomes(passed=3)


def test_a_zoo_and_paths_are_a_project_that_has_its_own_tests(
    empty: pytest.Pytester,
) -> None:
    Path("conftest.py").write_text("def pytest_report_header(): return 'theirs'\n")
    Path("test_theirs.py").write_text(
        "def test_theirs(zoo_row): assert zoo_row.zoo == 'mini'\n"
    )
    result = run(empty, *MINI, "test_theirs.py")

    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["theirs"])


def test_a_project_that_names_no_zoo_notices_nothing(empty: pytest.Pytester) -> None:
    Path("conftest.py").write_text(
        "def pytest_addoption(parser):\n"
        "    parser.addoption('--records', nargs=2)\n"
        "    parser.addoption('--limit')\n"
    )
    Path("test_theirs.py").write_text(
        "def test_theirs(pytestconfig):\n"
        "    assert pytestconfig.getoption('records') == ['a', 'b']\n"
    )
    result = run(empty, "--records", "a", "b", "--limit", "3", "--markers")
    result.stdout.no_fnmatch_line("*published*")
    result = run(empty, "--records", "a", "b", "--limit", "3")

    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*zoo*named*")


HINT = (
    "no zoo was named: add `--zoo NAME|PATH`, "
    'as in `pytest --zoo january-2020 -m "coco and prune"`'
)


def test_marked_rows_without_a_zoo_are_told_how_to_be_asked_for(
    empty: pytest.Pytester,
) -> None:
    result = run(empty, "-m", "coco and prune")

    assert result.ret is pytest.ExitCode.NO_TESTS_COLLECTED
    assert [line for line in result.outlines if line.startswith("no zoo")] == [HINT]


@pytest.mark.parametrize("words", [(), ("-m", "slow"), ("-k", "coco"), ("-m", "cocoa")])
def test_words_that_mean_no_row_are_told_nothing(
    empty: pytest.Pytester, words: tuple[str, ...]
) -> None:
    run(empty, *words).stdout.no_fnmatch_line("no zoo was named*")


def test_a_project_whose_cases_carry_no_such_marker_is_told_nothing(
    empty: pytest.Pytester,
) -> None:
    Path("test_theirs.py").write_text("def test_theirs(): pass\n")

    run(empty, "-m", "speed").stdout.no_fnmatch_line("no zoo was named*")


def test_an_unknown_zoo_is_a_usage_error(empty: pytest.Pytester) -> None:
    result = run(empty, "--zoo", "nowhere")

    assert result.ret is pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: no zoo 'nowhere'; expected the path of *"])


# In a checkout, from wherever one stands.


@pytest.fixture
def checkout(empty: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder laid out like this project's, whose unit tests cannot be imported."""
    root = empty.mkdir("checkout")
    conftest = "pytest_plugins = ['harness.pytest_zoo', 'fake_measurer']\n"
    (root / "conftest.py").write_text(conftest)
    (root / "pytest.ini").write_text("[pytest]\ntestpaths = cases\n")
    for name, text in (
        ("zoo", "def test_row(zoo_row, zoo_verdict): zoo_verdict(zoo_row)\n"),
        ("unit", "raise RuntimeError('collected')\n"),
    ):
        folder = root / "cases" / name
        folder.mkdir(parents=True)
        (folder / f"test_{name}.py").write_text(text)
    monkeypatch.chdir(root)
    return root


@pytest.mark.parametrize("below", [".", "cases", "cases/unit"])
def test_a_checkout_is_found_from_its_folders(
    empty: pytest.Pytester,
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
    below: str,
) -> None:
    data = empty.mkdir("data")
    (data / "pytest.ini").write_text("[pytest]\n")
    monkeypatch.chdir(checkout / below)
    words = ("-m", "voc and prune", "--data-root", str(data), "--limit", "2")
    result = run(empty, *words)

    result.assert_outcomes(passed=3, deselected=29)
    result.stdout.fnmatch_lines([f"rootdir: {checkout}"])


def test_a_checkout_is_found_by_a_path_into_it(
    empty: pytest.Pytester, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(empty.path / "empty")
    path = checkout / "cases" / "zoo" / "test_zoo.py"
    result = run(empty, str(path), "--records", "kept", "-m", "voc and prune")

    result.assert_outcomes(passed=3, deselected=29)


@pytest.mark.parametrize(
    "keyword",
    ["yolov3-mobilenet_v1-coco-prune_r578-608", "mobilenet_v1 and R578 and 608"],
)
def test_a_row_by_keyword_collects_no_unit_test(
    empty: pytest.Pytester, checkout: Path, keyword: str
) -> None:
    result = run(empty, "-k", keyword)

    assert result.ret is pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["collected 32 items / *"])


# The ways that pytest is run.


def test_a_run_stops_at_the_first_miss_when_asked(
    empty: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_LOWER", "96 160")
    result = run(empty, *MINI, "-x")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["1 row: 1 lower"])


def test_what_failed_last_is_run_again_alone(
    empty: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_LOWER", "128")
    run(empty, *MINI).assert_outcomes(passed=2, failed=1)
    monkeypatch.setenv("FAKE_LOWER", "")
    result = run(empty, *MINI, "--lf")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"{IDS[1]} *", "1 row: 1 reproduced"])


def test_nothing_is_kept_without_the_cache_of_pytest(empty: pytest.Pytester) -> None:
    run(empty, *MINI, "-p", "no:cacheprovider").assert_outcomes(passed=3)

    assert not Path(".pytest_cache").exists()


def test_the_table_is_in_printed_order_whatever_ran_first(
    empty: pytest.Pytester,
) -> None:
    result = run(empty, *MINI, "-p", "backwards", "-v")
    cases = [line for line in result.outlines if "PASSED" in line]
    table = [line for line in result.outlines if line.startswith("yolov3-")]

    assert [one in line for one, line in zip(IDS[::-1], cases, strict=True)] == [
        True
    ] * 3
    assert [line.split()[0] for line in table] == IDS


def test_two_workers_share_the_rows(empty: pytest.Pytester) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    words = ("-p", "xdist.plugin", "-n", "2", *EARLY, *MINI)
    result = empty.runpytest_subprocess(*words)

    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["3 rows: 3 reproduced"])


def test_a_narrow_terminal_without_colour_cuts_no_id(
    empty: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")  # NO_COLOR wins
    monkeypatch.setenv("FAKE_LOWER", "96")
    result = run(empty, *MINI)

    table = [line for line in result.outlines if line.startswith("yolov3-")]

    assert "\x1b" not in result.stdout.str()
    assert [line.split()[0] for line in table] == IDS


# What others read of a run.


def properties_in(path: Path) -> dict[str, dict[str, str]]:
    """Return name and value of the properties of each case of a JUnit file."""
    return {
        case.attrib["name"]: {
            one.attrib["name"]: one.attrib["value"] for one in case.iter("property")
        }
        for case in ET.parse(path).iter("testcase")
    }


def test_a_junit_file_names_each_number_of_a_row(
    empty: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_LOWER", "96")
    words = (*MINI, "-k", "96", "--junitxml=told.xml", "-W", "error")
    # a process of its own: here the plugin is imported already, and pytest warns of it
    result = empty.runpytest_subprocess(*EARLY, *words)

    result.assert_outcomes(failed=1, deselected=2)
    result.stdout.no_fnmatch_line("*PytestWarning*")
    assert properties_in(Path("told.xml")) == {
        f"test_published_ap[{IDS[0]}]": {
            "published": "24.0",
            "measured": "23.987",
            "difference": "-0.013",
            "tolerance": "0.1",
            "verdict": "lower",
        }
    }


def test_a_junit_file_names_each_number_of_a_figure(empty: pytest.Pytester) -> None:
    words = ("--zoo", "march-2020", "-m", "structure", "--records", "kept")
    figure = "blazeface-nas-widerface-baseline-640-size_kb"
    more = ("-k", figure, "--junitxml=told.xml", "-W", "error::UserWarning")
    result = empty.runpytest_subprocess(*EARLY, *words, *more)

    result.assert_outcomes(passed=1, deselected=152)
    (told,) = properties_in(Path("told.xml")).values()
    assert list(told) == [
        *("published", "measured", "difference", "tolerance", "verdict")
    ]
    assert (told["published"], told["verdict"]) == ("244", "reproduced")


def test_rows_need_no_other_plugin(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.chdir(request.config.rootpath)
    words = ("-m", "voc", "--collect-only", "-q", "-p", "no:cacheprovider")
    result = pytester.run(sys.executable, "-m", "pytest", *words)

    assert result.ret == 0
    result.stdout.fnmatch_lines(["6/32 tests collected*"])
