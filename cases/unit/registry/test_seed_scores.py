"""Scores of trainings by several seeds: read, joined, and refused by name."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from harness.errors import UsageError, ZooDataError
from harness.registry.lint.zoo import lint_zoo
from harness.registry.seed_scores import join_seed_scores, read_seed_scores
from harness.registry.sources import find_sources
from harness.registry.zoo import open_zoo
from harness.values.rows import SeedScore
from testing.rows import build_row
from testing.zoos import write_zoo

COCO = "yolov3-mobilenet_v1-coco-prune_r578-608"
FACES = "blazeface-nas-widerface-baseline-640"
HEADER = "row,metric,seed,measured_pct\n"
NAME = "small.retrained.csv"


def score(seed: int, value: str = "23.5", **fields: str) -> SeedScore:
    plain = {"row_id": COCO, "metric": "box_ap", **fields}
    return SeedScore(seed=seed, measured_pct=Decimal(value), **plain)


def joined(*scores: SeedScore) -> tuple[tuple[SeedScore, ...], list[str]]:
    problems: list[ZooDataError] = []
    rows = [build_row(COCO), build_row(FACES)]
    kept = join_seed_scores(rows, scores, NAME, problems)
    return kept, [str(one) for one in problems]


def read(tmp_path: Path, text: str) -> tuple[tuple[SeedScore, ...], list[str]]:
    path = tmp_path / NAME
    path.write_text(text, encoding="utf-8")
    problems: list[ZooDataError] = []
    return read_seed_scores(path, problems), [str(one) for one in problems]


def test_a_score_is_read_exactly_and_comments_are_passed_over(tmp_path: Path) -> None:
    text = f"# three seeds\n{HEADER}{COCO},box_ap,0,23.50\n\n{COCO},box_ap,1,24\n"

    assert read(tmp_path, text) == ((score(0, "23.50"), score(1, "24")), [])


def test_a_zoo_without_the_file_has_no_scores(tmp_path: Path) -> None:
    problems: list[ZooDataError] = []

    assert read_seed_scores(tmp_path / NAME, problems) == ()
    assert problems == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("a,box_ap,1", "cells of the line; expected row,metric,seed,measured_pct, got"),
        ("a,box_ap,1,2,3", "cells of the line; expected row,metric,seed,measured_pct"),
        ("a,box_ap,-1,2", "field seed; expected a whole number from 0, got '-1'; wri"),
        ("a,box_ap,x,2", "field seed; expected a whole number from 0, got 'x'; write"),
        (f"a,box_ap,{'9' * 19},2", "field seed; expected a whole number from 0, got"),
        ("a,box_ap,1,", "field measured_pct; expected a decimal from 0 to 100, got no"),
        ("a,box_ap,1,many", "field measured_pct; expected a decimal from 0 to 100, g"),
        ("a,box_ap,1,nan", "field measured_pct; expected a decimal from 0 to 100, got"),
        ("a,box_ap,1,-0.1", "field measured_pct; expected a decimal from 0 to 100, g"),
        ("a,box_ap,1,100.1", "field measured_pct; expected a decimal from 0 to 100, "),
    ],
)
def test_a_malformed_line_is_named_and_the_others_are_read(
    tmp_path: Path, line: str, told: str
) -> None:
    text = f"{HEADER}{line}\n{COCO},box_ap,{'9' * 18},100\n{COCO},box_ap,0,0\n"
    scores, (problem,) = read(tmp_path, text)

    assert [one.measured_pct for one in scores] == [100, 0]
    assert problem.startswith(f"{NAME}: line 2: {told}")


@pytest.mark.parametrize("text", ["", "# nothing\n", "row,metric,printed\n"])
def test_a_file_with_another_header_is_refused(tmp_path: Path, text: str) -> None:
    scores, (problem,) = read(tmp_path, text + f"{COCO},box_ap,0,23.5\n" * bool(text))

    assert scores == ()
    assert problem.startswith(
        f"{NAME}: header; expected row,metric,seed,measured_pct, got "
    )


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"\xff")
    problems: list[ZooDataError] = []

    assert read_seed_scores(tmp_path / NAME, problems) == ()
    assert str(problems[0]).startswith(
        f"{NAME}: scores of trainings are not readable; expected a CSV in UTF-8 with"
    )


def test_three_seeds_are_enough_and_two_are_not() -> None:
    three = (score(1), score(2), score(3))

    assert joined(*three) == (three, [])
    assert joined(*three[:2])[1] == [
        (
            f"{NAME}: row {COCO}: field seed; "
            "expected 3 seeds or more of a row, got 2; "
            "train it by more seeds, or remove its lines"
        )
    ]


def test_a_row_that_is_not_there_is_named() -> None:
    other = "yolov3-resnet34-coco-prune_r578-608"
    kept, told = joined(score(1), score(2), score(3), score(1, row_id=other))

    assert len(kept) == 3
    assert told == [
        (
            f"{NAME}: row {other}: field row; "
            "expected the id of a row of this zoo, got "
            "no such row; correct the id, or remove the line"
        )
    ]


def test_a_metric_of_another_dataset_is_named() -> None:
    kept, told = joined(score(1), score(2), score(3), score(3, metric="easy"))

    assert len(kept) == 3
    assert told == [
        (
            f"{NAME}: row {COCO}: field metric; "
            "expected box_ap, got easy; name a metric "
            "of the row's dataset"
        )
    ]


def test_a_seed_that_is_there_twice_is_named_and_counts_once() -> None:
    kept, told = joined(score(1), score(2), score(3), score(3, "99"))

    assert [one.measured_pct for one in kept] == [Decimal("23.5")] * 3
    assert told == [
        (
            f"{NAME}: row {COCO}: field seed of box_ap; expected each seed once, got 3 "
            "again; remove one of the lines"
        )
    ]


def test_a_seed_without_one_of_the_metrics_is_named() -> None:
    every = [
        score(seed, row_id=FACES, metric=metric)
        for seed in (1, 2, 3)
        for metric in ("easy", "medium", "hard")
    ]

    assert joined(*every)[1] == []
    assert joined(*every[:-1])[1] == [
        (
            f"{NAME}: row {FACES}: field metric; "
            "expected every metric of 3 seeds, got no "
            "hard of seed 3; add the line, or remove those of the seed"
        )
    ]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A zoo of one's own; its tolerance is the default one."""
    return write_zoo(tmp_path / "mine", [build_row(COCO)], {COCO: "24.0"})


def test_a_zoo_of_ones_own_has_its_scores_beside_its_claims(
    mine: Path, repository: Path
) -> None:
    assert open_zoo(str(mine), home=repository).seed_scores == ()
    lines = "".join(f"{COCO},box_ap,{seed},23.5\n" for seed in (1, 2, 3))
    (mine / "expected.retrained.csv").write_text(HEADER + lines, encoding="utf-8")

    zoo = open_zoo(str(mine), home=repository)
    assert zoo.seed_scores == (score(1), score(2), score(3))


def test_a_published_zoo_has_them_under_its_name(repository: Path) -> None:
    sources = find_sources("january-2020", home=repository)

    assert sources.seed_scores == repository / "expected/january-2020.retrained.csv"


def test_what_is_wrong_is_told_by_the_check_and_stops_the_zoo(
    home: Path, edit: Callable[..., None]
) -> None:
    path = home / "expected" / "january-2020.retrained.csv"
    path.write_text(f"{HEADER}{COCO},box_ap,1,23.5\n", encoding="utf-8")

    assert lint_zoo("january-2020", home) == (
        (
            f"{path.name}: row {COCO}: field seed; "
            "expected 3 seeds or more of a row, got "
            "1; train it by more seeds, or remove its lines"
        ),
    )
    with pytest.raises(ZooDataError, match=r"^january-2020\.retrained\.csv: row "):
        open_zoo("january-2020", home=home)
    assert not issubclass(ZooDataError, UsageError)


def test_scores_of_a_row_that_could_not_be_read_are_not_told(
    home: Path, edit: Callable[..., None]
) -> None:
    lines = "".join(f"{COCO},box_ap,{seed},23.5\n" for seed in (1, 2, 3))
    path = home / "expected" / "january-2020.retrained.csv"
    path.write_text(HEADER + lines, encoding="utf-8")
    assert lint_zoo("january-2020", home) == ()

    edit("prune_coco.toml", f'id = "{COCO}"', f'id = "{COCO}"\nmisspelt = 1')

    assert not [one for one in lint_zoo("january-2020", home) if path.name in one]
