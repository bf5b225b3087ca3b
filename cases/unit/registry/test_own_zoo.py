"""A zoo of one's own by data only, and what is told when it is not right yet."""

from pathlib import Path

import pytest

from harness.pipeline.measure.known_datasets import known_datasets
from harness.registry.lint.zoo import lint_zoo
from harness.registry.location import find_home
from harness.registry.zoo import open_zoo
from harness.values.datasets import KnownDataset
from harness.values.rows import MARKERS
from testing.rows import build_row
from testing.zoos import write_zoo

FIRST = "yolov3-mobilenet_v1-coco-prune_half-320"
SECOND = "yolov3-mobilenet_v1-coco-prune_half-320-spring"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A folder with two checkpoints of one network and size, in words of its own."""
    cells = {
        "Model": "Our tiny net, spring",
        "Strategy": "half of the head",
        "Input size": "320 x 320",
    }
    rows = [
        build_row(one, archive=archive, num_classes=5, width=0.125, cells=cells)
        for one, archive in ((FIRST, "tiny"), (SECOND, "spring"))
    ]
    url = "https://example.org/zoo/{name}/best.tar.gz"
    return write_zoo(tmp_path / "mine", rows, {FIRST: "20.1", SECOND: "21.4"}, url=url)


def edit(path: Path, old: str, new: str, times: int = 1) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, times), encoding="utf-8")


def lint(folder: Path) -> tuple[str, ...]:
    return lint_zoo(str(folder), find_home())


def test_words_names_and_checkpoints_of_ones_own_are_no_fault(mine: Path) -> None:
    assert lint(mine) == ()

    zoo = open_zoo(str(mine))
    assert [one.row_id for one in zoo.rows] == [FIRST, SECOND]
    assert zoo.rows[0].markers == {"coco", "yolov3", "published", "prune"}


def test_a_quantisation_of_ones_own_has_no_marker_of_its_own(mine: Path) -> None:
    edit(mine / "coco.toml", "prune_half", "quant_int4", -1)
    edit(mine / "expected.csv", "prune_half", "quant_int4", -1)

    assert lint(mine) == ()
    assert open_zoo(str(mine)).rows[0].markers <= set(MARKERS)


def test_what_a_cell_prints_in_our_words_must_still_be_right(mine: Path) -> None:
    edit(mine / "coco.toml", '"320 x 320"', '"608"')
    edit(mine / "coco.toml", '"Our tiny net, spring"', '"ResNet34"')

    assert lint(mine) == (
        (
            f"coco.toml: row {FIRST}: field cells.Model; expected what prints "
            "width 0.125, got 'ResNet34'"
        ),
        (
            f"coco.toml: row {FIRST}: field cells.Input size; expected what prints "
            "input_px 320, got '608'"
        ),
        (
            f"coco.toml: row {FIRST}: field cells.Model; expected what prints backbone "
            "mobilenet_v1, got 'ResNet34'"
        ),
    )


@pytest.mark.parametrize("strategy", ["Prune", "prune-half", "prune half", "_x"])
def test_a_strategy_must_make_an_id(mine: Path, strategy: str) -> None:
    edit(mine / "coco.toml", 'strategy = "prune_half"', f'strategy = "{strategy}"')

    assert lint(mine)[0].startswith(
        f"coco.toml: row {FIRST}: field strategy; expected small letters, digits and _"
    )


@pytest.mark.parametrize("variant", ["V2", "a-b", "speed", "retrained", "a b"])
def test_a_variant_must_make_an_id_of_its_own(mine: Path, variant: str) -> None:
    edit(mine / "coco.toml", 'variant = "spring"', f'variant = "{variant}"')

    assert lint(mine) == (
        (
            f"coco.toml: row 2 ({SECOND}): field variant; expected small letters, "
            f"digits and _, and not retrained or speed, got '{variant}'; name the "
            "checkpoint, as in v2"
        ),
    )


def test_a_published_zoo_has_no_variant(home: Path, edit: object) -> None:
    row_id = "yolov3-mobilenet_v1-coco-prune_r578-608"
    edit("prune_coco.toml", f'id = "{row_id}"', f'id = "{row_id}-v2"\nvariant = "v2"')
    edit("expected/january-2020.csv", row_id, f"{row_id}-v2")

    assert lint_zoo("january-2020", home)[0] == (
        f"prune_coco.toml: row {row_id}-v2: field variant; expected none: a document "
        "prints no such thing, got v2"
    )


def test_the_facts_of_a_dataset_stand_in_the_folder(mine: Path) -> None:
    facts = mine / "datasets.toml"
    facts.write_text("[coco]\nimage_count = 8\n", encoding="utf-8")

    assert lint(mine) == ()
    known = known_datasets(open_zoo(str(mine)), find_home())
    assert known == {"coco": KnownDataset(image_count=8)}


def test_malformed_facts_are_told(mine: Path) -> None:
    text = "[coco]\nimage_count = 0\n[moon]\nimage_count = 1\n"
    (mine / "datasets.toml").write_text(text, encoding="utf-8")

    assert lint(mine) == (
        (
            "datasets.toml: section coco: field image_count; expected a whole number "
            "from 1, got 0"
        ),
        (
            "datasets.toml: section moon: name of the dataset; expected coco or voc or "
            "widerface, got 'moon'"
        ),
    )


# The cause is told, and not what follows from it.

CAUSES = {
    "a malformed row": (
        "coco.toml",
        "input_px = 320",
        "input_px = 0",
        f"coco.toml: row 1 ({FIRST}): field input_px; expected a whole number from 1",
    ),
    "a misspelt field": (
        "coco.toml",
        "num_classes",
        "num_clases",
        f"coco.toml: row 1 ({FIRST}): field num_classes; expected a whole number",
    ),
    "a malformed archive": (
        "coco.toml",
        'url = "https://example.org/zoo/tiny/best.tar.gz"',
        "url = 7",
        "coco.toml: archive 1 (tiny): field url; expected a text, got 7",
    ),
    "a malformed table": (
        "coco.toml",
        'dataset = "coco"',
        'dataset = "moon"',
        "coco.toml: table: field dataset; expected coco or voc or widerface",
    ),
    "no TOML": (
        "coco.toml",
        "[table]",
        "[table",
        "coco.toml: not readable as TOML",
    ),
    "a misspelt id": (
        "coco.toml",
        f'id = "{SECOND}"',
        'id = "yolov3-mobilenet-coco"',
        f"coco.toml: row yolov3-mobilenet-coco: field id; expected {SECOND}, got",
    ),
    "a malformed claim": (
        "expected.csv",
        "20.1",
        "twenty",
        f"expected.csv: line 2: field printed of row {FIRST}; expected a decimal",
    ),
    "no header": (
        "expected.csv",
        "row,metric,printed\n",
        "",
        "expected.csv: line 1: header; expected row,metric,printed",
    ),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_one_cause_is_told_once(mine: Path, cause: str) -> None:
    name, old, new, message = CAUSES[cause]
    edit(mine / name, old, new)

    (told,) = lint(mine)
    assert told.startswith(message)


def test_claims_that_are_not_there_are_told_once(mine: Path) -> None:
    (mine / "expected.csv").unlink()

    (told,) = lint(mine)
    assert told.startswith("expected.csv: claims are not readable; expected a CSV")


def test_two_causes_are_told_both(mine: Path) -> None:
    edit(mine / "coco.toml", "input_px = 320", "input_px = 0")
    edit(mine / "expected.csv", "21.4", "much")

    assert len(lint(mine)) == 2


def test_a_claim_of_no_row_is_a_cause(mine: Path) -> None:
    with (mine / "expected.csv").open("a", encoding="utf-8") as file:
        file.write("yolov3-resnet34-coco-baseline-320,box_ap,30.0\n")

    (told,) = lint(mine)
    assert "expected the id of a row of this zoo, got no such row" in told
