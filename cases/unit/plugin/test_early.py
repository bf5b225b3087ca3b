import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

from harness.plugin.early import VALUED, join_values, second_words

CONFTEST = """
pytest_plugins = ["harness.pytest_zoo"]

def pytest_report_header(config):
    return [f"{name} is {config.getoption(name)}" for name in ("mirror", "data_root")]
"""


@pytest.mark.parametrize("option", VALUED)
def test_a_value_is_joined_to_its_option(option: str) -> None:
    words = ["-m", "coco", option, "/some/place", "-q"]

    assert join_values(words) == ["-m", "coco", f"{option}=/some/place", "-q"]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["-m", "coco", "--gpu", "--offline", "cases/zoo"],
        ["--zoo=demo", "--data-root=/data"],
        ["--basetemp", "/data"],
        ["-q", "--zoo"],
    ],
    ids=["nothing", "no values", "joined already", "not ours", "no value given"],
)
def test_other_words_stay_as_they_are(words: list[str]) -> None:
    assert join_values(words) == words


def test_joining_twice_changes_nothing() -> None:
    joined = join_values(["--zoo", "demo", "--limit", "3", "--records", "--records"])

    assert joined == ["--zoo=demo", "--limit=3", "--records=--records"]
    assert join_values(joined) == joined


def test_every_pytest_of_the_environment_loads_little_of_the_harness() -> None:
    code = (
        "import sys, harness.plugin.early\n"
        "print(*sorted(one for one in sys.modules if one.startswith('harness')))\n"
        "print(*sorted({'pytest', 'numpy', 'typer'} & set(sys.modules)))"
    )
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=True)

    ours, heavy = done.stdout.split("\n")[:2]
    assert ours.split() == [
        *("harness", "harness.plugin", "harness.plugin.early"),
        *("harness.values", "harness.values.options"),
    ]
    assert heavy == ""


# The command line of the second start.

PLUGIN = ("-p", "harness.pytest_zoo")
LOADS = "pytest_plugins = ['harness.pytest_zoo']\n"


def test_a_checkout_keeps_its_words(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(LOADS, encoding="utf-8")
    (tmp_path / "below").mkdir()
    words = ["-m", "coco", "--zoo=demo"]

    assert second_words(words, paths=[], folder=tmp_path) == words
    assert second_words(words, paths=[], folder=tmp_path / "below") == words


def test_a_path_into_a_checkout_keeps_its_words_too(tmp_path: Path) -> None:
    checkout, elsewhere = tmp_path / "checkout", tmp_path / "elsewhere"
    for folder in (checkout, elsewhere):
        folder.mkdir()
    (checkout / "conftest.py").write_text(LOADS, encoding="utf-8")
    words = ["../checkout/test_a.py::test_b"]

    assert second_words(words, paths=words, folder=elsewhere) == words
    assert second_words(["x.py"], paths=["x.py"], folder=elsewhere) is None


def test_another_project_that_names_a_zoo_gets_the_plugin_alone(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("", encoding="utf-8")
    words = ["--zoo=demo", "test_a.py"]
    second = second_words(words, paths=["test_a.py"], folder=tmp_path)

    assert second == [*PLUGIN, *words]


def test_a_zoo_without_a_path_gets_the_cases_of_the_harness(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    cases = request.config.rootpath / "cases" / "zoo"
    second = second_words(["--zoo=demo"], paths=[], folder=tmp_path)

    assert second == [
        *("-c", str(cases / "anywhere.ini"), f"--rootdir={tmp_path}", "--noconftest"),
        *(*PLUGIN, "--zoo=demo", str(cases)),
    ]
    assert (cases / "anywhere.ini").is_file()


def test_words_of_another_project_need_no_second_start(tmp_path: Path) -> None:
    assert second_words(["-m", "coco"], paths=[], folder=tmp_path) is None


@pytest.fixture
def installed() -> None:
    names = [one.value for one in importlib.metadata.entry_points(group="pytest11")]
    if "harness.plugin.early" not in names:
        pytest.skip("zoo-harness is not installed here, so pytest cannot load it early")


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders that look like roots of other projects."""
    folders = tmp_path / "mirror", tmp_path / "data"
    for folder in folders:
        folder.mkdir()
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    return folders


@pytest.mark.usefixtures("installed")
def test_values_in_words_of_their_own_do_not_move_the_root(
    pytester: pytest.Pytester, places: tuple[Path, Path]
) -> None:
    pytester.makeini("[pytest]\n")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile("def test_one(): pass")
    mirror, data = map(str, places)
    result = pytester.runpytest_subprocess("--mirror", mirror, "--data-root", data)

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [f"mirror is {mirror}", f"data_root is {data}", f"rootdir: {pytester.path}"]
    )


@pytest.mark.usefixtures("installed")
def test_other_projects_do_not_notice(
    pytester: pytest.Pytester, places: tuple[Path, Path]
) -> None:
    pytester.makeini("[pytest]\n")
    pytester.makeconftest(
        "def pytest_addoption(parser): parser.addoption('--records', nargs=2)"
    )
    pytester.makepyfile(
        "def test_two(pytestconfig):\n"
        "    assert pytestconfig.getoption('records') == ['a', 'b']"
    )
    result = pytester.runpytest_subprocess("--records", "a", "b")

    result.assert_outcomes(passed=1)
