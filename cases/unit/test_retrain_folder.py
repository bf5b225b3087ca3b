"""The trainings of ``cases/retrain`` run where they are named, and nowhere else."""

from __future__ import annotations

import configparser
import shutil
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder with a unit test, and a training beside the conftest of ours."""
    pytester.makeini(f"[pytest]\ntestpaths = cases\npythonpath = {CHECKOUT / 'cases'}")
    pytester.makeconftest('pytest_plugins = ["harness.pytest_zoo"]')
    for folder in ("unit", "retrain"):
        path = pytester.path / "cases" / folder / f"test_{folder}.py"
        path.parent.mkdir(parents=True)
        path.write_text(f"def test_{folder}(): pass\n", encoding="utf-8")
    ours = CHECKOUT / "cases" / "retrain" / "conftest.py"
    shutil.copyfile(ours, pytester.path / "cases" / "retrain" / "conftest.py")
    return pytester


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ((), ["test_unit"]),
        (("cases",), ["test_unit"]),
        (("-k", "retrain"), []),
        (("cases/retrain",), ["test_retrain"]),
        (("cases/retrain/test_retrain.py::test_retrain",), ["test_retrain"]),
    ],
)
def test_trainings_are_collected_only_where_their_folder_is_named(
    project: pytest.Pytester, words: tuple[str, ...], names: list[str]
) -> None:
    reached = project.inline_run("--collect-only", *words)

    (finished,) = reached.getcalls("pytest_collection_finish")
    assert [item.name for item in finished.session.items] == names


def test_every_run_of_ci_trains_anew_and_tries_what_must_fail() -> None:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(CHECKOUT / "tox.ini", encoding="utf-8")
    environment = tox["testenv:retrain"]
    rows, failing = environment["commands"].strip().splitlines()

    assert "retrain" in tox["tox"]["env_list"]
    assert "--retrain=always --require-measured" in rows
    assert failing == "pytest cases/retrain"
    assert "ZOO_CACHE = {env_tmp_dir}" in environment["set_env"]
