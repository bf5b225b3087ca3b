from collections.abc import Callable
from pathlib import Path

import pytest

from harness.registry.sources import find_sources
from harness.registry.zoo import read_zoo

Edit = Callable[[str, str, str], None]

ROW = "yolov3-mobilenet_v1-coco-prune_r578-416"


def problems_of(home: Path) -> list[str]:
    reading = read_zoo(find_sources("january-2020", home=home))
    return [str(problem) for problem in reading.problems]


def test_a_row_without_a_claim_is_a_problem(home: Path, edit: Edit) -> None:
    edit("expected/january-2020.csv", f"{ROW},box_ap,26.8\n", "")
    (problem,) = problems_of(home)

    assert problem == (
        f"january-2020.csv: row {ROW} of prune_coco.toml: field metric; expected a "
        "claim for box_ap, got none for box_ap"
    )


def test_a_claim_without_a_row_is_a_problem(home: Path, edit: Edit) -> None:
    edit("expected/january-2020.csv", "printed\n", "printed\nx,box_ap,1.0\n")
    (problem,) = problems_of(home)

    assert problem == (
        "january-2020.csv: claim x: field row; expected the id of a row of this zoo, "
        "got no such row"
    )


def test_a_metric_of_another_dataset_is_a_problem(home: Path, edit: Edit) -> None:
    edit("expected/january-2020.csv", f"{ROW},box_ap", f"{ROW},easy")

    assert problems_of(home)[0] == (
        f"january-2020.csv: claim {ROW}: field metric; expected box_ap, got easy"
    )


def test_figures_are_joined_after_the_aps_of_a_row(home: Path, edit: Edit) -> None:
    figures = f"{ROW},delta,+1.0\n{ROW},gflops,2.93\n"
    edit("expected/january-2020.csv", "printed\n", f"printed\n{figures}")
    reading = read_zoo(find_sources("january-2020", home=home))

    assert reading.problems == ()
    assert [one.metric for one in reading.zoo.claims[ROW]] == [
        "box_ap",
        "gflops",
        "delta",
    ]


def test_a_face_row_that_lacks_one_of_three_is_a_problem(
    home: Path, edit: Edit
) -> None:
    row = "blazeface-nas-widerface-quant_post-640"
    edit("expected/january-2020.csv", f"{row},hard,63.6\n", "")
    (problem,) = problems_of(home)

    assert problem == (
        f"january-2020.csv: row {row} of quant_widerface.toml: field metric; expected "
        "a claim for easy, medium, hard, got none for hard"
    )


def test_a_row_that_names_an_unknown_archive_is_a_problem(
    home: Path, edit: Edit
) -> None:
    edit("prune_coco.toml", 'archive = "yolov3_r50_dcn', 'archive = "yolov4_r50_dcn')
    (problem,) = problems_of(home)

    assert problem == (
        "prune_coco.toml: row yolov3-resnet50_vd_dcn-coco-prune_sensity-320: field "
        "archive; expected the name of an [[archive]] of this zoo, got "
        "yolov4_r50_dcn_prune1x"
    )


@pytest.mark.parametrize("other", ["prune_coco.toml", "quant_coco.toml"])
def test_an_id_used_twice_is_a_problem_that_names_both_files(
    home: Path, edit: Edit, other: str
) -> None:
    first = "yolov3-mobilenet_v1-coco-prune_r578-608"
    old = (
        "yolov3-mobilenet_v1-coco-prune_r578-320"
        if other == "prune_coco.toml"
        else "yolov3-resnet34-coco-quant_post-608"
    )
    edit(other, f'id = "{old}"', f'id = "{first}"')

    assert problems_of(home)[0] == (
        f"{other}: row {first}: field id; expected each id once in a zoo, got it "
        "again, first in prune_coco.toml"
    )


def test_an_archive_declared_twice_is_a_problem(home: Path, edit: Edit) -> None:
    block = '[[archive]]\nname = "yolov3_r50_dcn_prune1x"\nurl = "x"\n'
    edit("quant_coco.toml", "[[row]]", f"{block}\n[[row]]")
    (problem,) = problems_of(home)

    assert problem == (
        "quant_coco.toml: archive yolov3_r50_dcn_prune1x: field name; expected each "
        "archive declared once in a zoo, got it again"
    )
