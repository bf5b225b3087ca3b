from pathlib import Path

import pytest

from harness.errors import ZooDataError
from harness.registry.editions import read_editions
from harness.registry.sources import find_sources, sources_beside


@pytest.mark.parametrize(
    ("zoo", "others"),
    [
        ("january-2020", ["march-2020"]),
        ("march-2020", ["january-2020"]),
        ("demo", []),
    ],
)
def test_editions_of_one_document_find_each_other(
    repository: Path, zoo: str, others: list[str]
) -> None:
    problems: list[ZooDataError] = []
    found = read_editions(find_sources(zoo, home=repository), problems)

    assert [one.name for one in found] == others
    assert problems == []


def test_zoos_are_beside_each_other_when_they_have_claims(repository: Path) -> None:
    sources = find_sources("march-2020", home=repository)

    assert {one.name for one in sources_beside(sources)} == {
        "demo",
        "january-2020",
        "march-2020",
    }


def test_a_lone_folder_has_no_other_editions(repository: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    sources = find_sources(str(folder), home=repository)
    problems: list[ZooDataError] = []

    assert sources_beside(sources) == ()
    assert read_editions(sources, problems) == ()
    assert problems == []


def test_a_lone_folder_cannot_be_an_edition(repository: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "zoo.toml").write_text('title = "x"\nedition_of = "january-2020"\n')
    problems: list[ZooDataError] = []

    read_editions(find_sources(str(folder), home=repository), problems)

    with pytest.raises(ZooDataError, match="edition_of; expected no such field, got"):
        raise problems[0]
