import importlib.metadata
from pathlib import Path

import pytest

from harness.plugin.early import VALUED, join_values

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
