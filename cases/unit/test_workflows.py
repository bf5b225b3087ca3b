"""What runners and hooks do is what tox does, with actions that cannot change."""

from __future__ import annotations

import configparser
import re
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
WORKFLOWS = sorted((CHECKOUT / ".github" / "workflows").glob("*.yml"))
TOX = configparser.ConfigParser(interpolation=None)
TOX.read(CHECKOUT / "tox.ini", encoding="utf-8")


def read(*parts: str) -> str:
    return CHECKOUT.joinpath(*parts).read_text(encoding="utf-8")


def words(listed: str) -> list[str]:
    return re.findall(r"[\w.-]+", listed)


def commands(environment: str) -> list[str]:
    return TOX[f"testenv:{environment}"]["commands"].strip().splitlines()


def test_ci_has_a_job_for_every_environment_of_tox() -> None:
    text = read(".github", "workflows", "ci.yml")
    (listed,) = re.findall(r"^ +env: \[(.*)\]$", text, flags=re.MULTILINE)

    assert words(listed) == words(TOX["tox"]["env_list"])
    assert "TOXENV: ${{ matrix.env }}" in text
    assert "run: .ci/run\n" in text


def test_the_unit_tests_run_on_every_python_that_is_supported() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    supported = {
        one.rpartition(" ")[2] for one in project["classifiers"] if "Python :: 3" in one
    }
    text = read(".github", "workflows", "ci.yml")
    (listed,) = re.findall(r"^ +python: \[(.*)\]$", text, flags=re.MULTILINE)
    added = re.findall(r'- env: unit\n +python: "(.*)"', text)

    assert {*words(listed), *added} == supported


@pytest.mark.parametrize("environment", ["unit-paddle3", "unit-torch", "coverage"])
def test_what_no_change_waits_for_is_tried_every_night(environment: str) -> None:
    text = read(".github", "workflows", "nightly.yml")
    (listed,) = re.findall(r"^ +environment: \[(.*)\]$", text, flags=re.MULTILINE)

    assert "schedule:" in text
    assert environment in words(listed)
    assert "TOXENV: ${{ matrix.environment }}" in text
    assert "- run: tox\n" in text
    assert f"testenv:{environment}" in TOX


@pytest.mark.parametrize("dataset", ["coco", "voc"])
@pytest.mark.parametrize("device", ["", "-gpu"])
def test_trainings_have_environments_that_install_paddleslim_and_demand_numbers(
    dataset: str, device: str
) -> None:
    section = TOX[f"testenv:{{coco,voc}}-retrain{device}"]
    (command,) = (
        one.partition(": ")[2]
        for one in section["commands"].strip().splitlines()
        if one.startswith(f"{dataset}: ")
    )
    gpu = " --gpu" * bool(device)

    assert command == (
        f"pytest -m {dataset}{gpu} --retrain=missing --require-measured {{posargs}}"
    )
    assert words(section["extras"]) == ["gpu" if device else "cpu", "test", "compress"]
    assert section["commands_pre"] == "{[testenv:unit]commands_pre}"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda one: one.name)
def test_every_action_is_pinned_by_digest_with_its_version_beside_it(
    path: Path,
) -> None:
    text = path.read_text(encoding="utf-8")
    used = re.findall(r"uses: (.*)", text)
    pinned = r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\./\.github/workflows/\w+\.yml"

    assert used
    assert [one for one in used if not re.fullmatch(pinned, one)] == []


def test_an_action_has_one_digest_everywhere_and_dependabot_keeps_it() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
    digests: dict[str, set[str]] = {}
    for action, digest in re.findall(r"uses: ([\w./-]+)@(\S+)", text):
        digests.setdefault(action, set()).add(digest)

    assert len(digests) >= 5
    assert [action for action, some in digests.items() if len(some) > 1] == []
    assert "package-ecosystem: github-actions" in read(".github", "dependabot.yml")


def test_the_hooks_of_a_commit_run_what_tox_runs() -> None:
    hooks = re.findall(r"entry: (.*)", read(".pre-commit-config.yaml"))
    checks = [one.replace(" --check", "") for one in commands("lint")]

    assert hooks == [*checks, *commands("types")]


def test_only_the_job_that_publishes_may_prove_who_it_is() -> None:
    text = read(".github", "workflows", "release.yml")
    before, publish = text.split("\n  publish:\n")

    assert "write" not in before
    assert re.findall(r"[\w-]+: write", publish) == ["id-token: write"]
    assert "needs: [test, build]" in publish
    assert "password" not in publish.replace("in place of a password", "")
