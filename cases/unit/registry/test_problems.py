import pytest

from harness.errors import UsageError, ZooDataError, located
from harness.registry.problems import noting


def test_a_noted_problem_keeps_its_place_and_the_work_goes_on() -> None:
    problems: list[ZooDataError] = []

    for number in (1, 2):
        with noting(problems), located("a.toml"), located(f"row {number}"):
            raise ZooDataError("field id")

    assert [str(one) for one in problems] == [
        "a.toml: row 1: field id",
        "a.toml: row 2: field id",
    ]


def test_without_a_list_the_first_problem_goes_through() -> None:
    with pytest.raises(ZooDataError, match="field id"), noting(None):
        raise ZooDataError("field id")


def test_other_refusals_are_not_noted() -> None:
    problems: list[ZooDataError] = []

    with pytest.raises(UsageError), noting(problems):
        raise UsageError("no such zoo")
    assert problems == []
