from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import ZooDataError
from harness.registry.lint.corrected import network_of
from harness.registry.lint.editions import edition_problems, read_editions
from harness.registry.lint.zoo import lint_zoo
from harness.registry.sources import find_sources, sources_beside
from harness.registry.zoo import open_zoo

JANUARY, MARCH = "january-2020", "march-2020"
P1 = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"
P2 = "yolov3-mobilenet_v1-coco-prune_r578-608"


@pytest.fixture
def without(editions: Path) -> Callable[[str], None]:
    """Remove an erratum of January, and the move that it makes."""

    def remove(erratum: str) -> None:
        path = editions / "expected" / "errata.toml"
        before, _, after = path.read_text(encoding="utf-8").partition(
            f"[{JANUARY}.{erratum}]\n"
        )
        path.write_text(before + after[after.index("\n[") :], encoding="utf-8")
        moves = editions / "cases" / "rows" / JANUARY / "moves.toml"
        text = moves.read_text(encoding="utf-8")
        moves.write_text(text.replace(f'erratum = "{erratum}"\n', ""), encoding="utf-8")

    return remove


def test_the_size_that_later_editions_correct_is_found(
    editions: Path, without: Callable[[str], None]
) -> None:
    without("E1")
    (message,) = lint_zoo(JANUARY, editions)

    assert message == (
        f"prune_coco.toml: row {P1}: field input_px; expected 608, as march-2020 "
        "prints, got 320; an erratum of either edition explains it"
    )


def test_the_same_contradiction_is_found_from_the_other_side(
    editions: Path, without: Callable[[str], None]
) -> None:
    without("E1")
    (message,) = lint_zoo(MARCH, editions)

    assert "prune_sensity-608: field input_px; expected 320, as january-2020" in message


@pytest.mark.parametrize(
    ("erratum", "count", "name"),
    [
        ("E2", 1, "yolov3_r50vd_dcn_prune1x.tar"),
        ("E3", 3, "yolov3_mobilenet_coco_quant_aware.tar"),
    ],
)
def test_a_link_that_later_editions_correct_is_found(
    editions: Path,
    without: Callable[[str], None],
    erratum: str,
    count: int,
    name: str,
) -> None:
    without(erratum)
    messages = lint_zoo(JANUARY, editions)

    assert len(messages) == count
    assert all(f"{name}, as march-2020 prints, got http" in one for one in messages)


def test_another_number_for_the_same_row_is_found(editions: Path) -> None:
    path = editions / "expected" / f"{JANUARY}.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("24.0", "24.1"), encoding="utf-8")
    (message,) = lint_zoo(JANUARY, editions)

    assert "prune_r578-320: field box_ap; expected 24.0, as march-2020" in message


def test_one_link_with_two_claims_is_found_in_one_edition(editions: Path) -> None:
    path = editions / "cases" / "rows" / MARCH / "prune_coco.toml"
    text = path.read_text(encoding="utf-8").replace(
        'archive = "yolov3_mobilenet_v1"', 'archive = "yolov3_mobilenet_v1_voc"'
    )
    path.write_text(text, encoding="utf-8")
    messages = lint_zoo(MARCH, editions)

    assert any("field dataset; expected coco, as in" in one for one in messages)


def test_one_link_with_two_networks_is_found_between_editions(editions: Path) -> None:
    path = editions / "cases" / "rows" / MARCH / "prune_coco.toml"
    address = "PaddleSlim/prune/yolov3_mobilenet_v1_prune578.tar"
    text = path.read_text(encoding="utf-8").replace(
        "object_detection/yolov3_mobilenet_v1.tar", address
    )
    path.write_text(text, encoding="utf-8")
    messages = lint_zoo(MARCH, editions)

    assert any("one link cannot serve two networks" in one for one in messages)


def test_rows_of_one_edition_alone_contradict_nothing(editions: Path) -> None:
    assert lint_zoo(JANUARY, editions) == ()
    assert lint_zoo(MARCH, editions) == ()


def test_an_edition_may_print_some_sizes_of_a_network_alone(repository: Path) -> None:
    january = open_zoo(JANUARY, home=repository)
    (row,) = (one for one in january.rows if one.row_id == P2)
    shorter = replace(
        january, rows=tuple(one for one in january.rows if one is not row)
    )

    assert any(network_of(one) == network_of(row) for one in shorter.rows)
    assert list(edition_problems(january, [shorter])) == []
    assert list(edition_problems(shorter, [january])) == []


def test_an_edition_of_no_zoo_is_told(editions: Path) -> None:
    path = editions / "cases" / "rows" / MARCH / "zoo.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("january-2020", "june-2020"), encoding="utf-8")
    (message,) = lint_zoo(MARCH, editions)

    assert message == (
        "zoo.toml: field edition_of; expected demo or january-2020 or march-2020, got "
        "june-2020"
    )


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


@pytest.mark.parametrize("named", ['""', "7"])
def test_a_zoo_that_names_no_other_is_a_document_of_its_own(
    editions: Path, named: str
) -> None:
    path = editions / "cases" / "rows" / MARCH / "zoo.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(f'"{JANUARY}"', named), encoding="utf-8")
    problems: list[ZooDataError] = []

    assert read_editions(find_sources(MARCH, home=editions), problems) == ()
    assert problems == []


def test_a_lone_folder_cannot_be_an_edition(repository: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "zoo.toml").write_text('title = "x"\nedition_of = "january-2020"\n')
    problems: list[ZooDataError] = []

    read_editions(find_sources(str(folder), home=repository), problems)

    with pytest.raises(ZooDataError, match="edition_of; expected no such field, got"):
        raise problems[0]
