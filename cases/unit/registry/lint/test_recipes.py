"""Recipes held to the rows whose archives they make: ``zoo check``."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.registry.lint.recipe_headers import LABELS, parse_header
from harness.registry.lint.zoo import lint_zoo
from harness.registry.location import find_home
from harness.registry.lock import write_lock
from harness.values.pins import Pin
from testing.recipes import URL, write_recipe
from testing.rows import build_row
from testing.zoos import write_zoo

RECIPES = Path("cases", "recipes")
PRUNED = "january-2020/yolov3_mobilenet_v1_prune578"

Edit = Callable[[str, str, str], None]


@pytest.fixture
def both(editions: Path, repository: Path) -> Path:
    """A copy of both editions and their recipes that a test may spoil."""
    shutil.copytree(repository / RECIPES, editions / RECIPES)
    return editions


@pytest.fixture
def spoil(both: Path) -> Edit:
    def replace(recipe: str, old: str, new: str) -> None:
        path = both / RECIPES / f"{recipe}.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return replace


@pytest.mark.parametrize("zoo", ["january-2020", "march-2020"])
def test_shipped_recipes_are_without_fault(both: Path, zoo: str) -> None:
    assert lint_zoo(zoo, both) == ()


@pytest.mark.parametrize(("zoo", "count"), [("january-2020", 5), ("march-2020", 11)])
def test_each_pruned_or_distilled_archive_has_a_recipe(
    both: Path, zoo: str, count: int
) -> None:
    for path in (both / RECIPES / zoo).iterdir():
        path.unlink()
    told = lint_zoo(zoo, both)

    assert len(told) == count
    assert told[0].endswith(
        ".toml: recipe; expected one for each archive that is pruned or distilled, got "
        'none; write it, or a file that says `why_not = "..."`'
    )


def test_an_archive_may_say_why_it_has_none(both: Path) -> None:
    path = both / RECIPES / f"{PRUNED}.toml"
    path.write_text('why_not = "a test"\n', encoding="utf-8")

    assert lint_zoo("january-2020", both) == ()


def test_a_zoo_without_the_folder_is_asked_for_none(both: Path) -> None:
    shutil.rmtree(both / RECIPES)

    assert lint_zoo("january-2020", both) == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'pruning = "prune_r578"',
            'pruning = "prune_sensity"',
            (
                "field strategy; expected prune_r578, as row "
                "yolov3-mobilenet_v1-coco-prune_r578-608 has, got prune_sensity"
            ),
        ),
        (
            'backbone = "mobilenet_v1"',
            'backbone = "resnet34"',
            "field start.recipe; expected weights of yolov3-resnet34 with 80 classes",
        ),
        (
            'dataset = "coco"\nsplit = "train2017"',
            'dataset = "voc"\nsplit = "trainval2007+2012"',
            "field data.dataset; expected coco, as row",
        ),
        ("seed = 2020\n", "", "field seed; expected a whole number from 0, got noth"),
    ],
)
def test_a_recipe_makes_what_its_rows_have(
    both: Path, spoil: Edit, old: str, new: str, message: str
) -> None:
    spoil(PRUNED, old, new)
    (told,) = lint_zoo("january-2020", both)

    assert message in told


@pytest.mark.parametrize("name", ["unknown", "yolov3_mobilenetv1_coco_distiled"])
def test_a_recipe_of_nothing_is_told(both: Path, name: str) -> None:
    folder = both / RECIPES / "january-2020"
    (folder / f"{name}.toml").write_text('same_as = "yolov3_r34"\n', encoding="utf-8")
    (folder / f"{name}_2.toml").write_text('why_not = "a test"\n', encoding="utf-8")

    wanted = "expected that of an [[archive]] of january-2020, or one that a recipe"
    told = lint_zoo("january-2020", both)
    assert len(told) == 2
    assert all(f"name of the file; {wanted}" in one for one in told)


def test_the_same_weights_may_be_measured_on_another_dataset(
    tmp_path: Path, repository: Path
) -> None:
    zoo = tmp_path / "mine"
    row = build_row("yolov3-mobilenet_v1-voc-baseline-608", archive="net_voc")
    write_zoo(zoo, [row], {row.row_id: "1.0"})
    write_recipe(zoo / "recipes", "net")
    (zoo / "recipes" / "net_voc.toml").write_text('same_as = "net"\n', "utf-8")

    told = lint_zoo(str(zoo), repository)

    assert [one for one in told if "data.dataset" in one] == []
    write_recipe(zoo / "recipes", "net_voc")
    (fault,) = (one for one in lint_zoo(str(zoo), repository) if "data.dataset" in one)
    assert "field data.dataset; expected voc, as row yolov3-mobilenet_v1-voc-" in fault


def test_the_same_weights_with_other_classes_are_told(both: Path) -> None:
    path = both / RECIPES / "march-2020" / "yolov3_r34_voc.toml"
    path.write_text('same_as = "yolov3_r34"\n', encoding="utf-8")

    told = lint_zoo("march-2020", both)

    assert [one for one in told if "network.num_classes; expected 20" in one]


def test_a_scheme_that_cannot_be_fetched_is_told(both: Path, spoil: Edit) -> None:
    recipe = "january-2020/yolov3_mobilenetv1_voc_distilled"
    url = "https://paddle-imagenet-models-name.bj.bcebos.com/MobileNetV1_pretrained.tar"
    spoil(recipe, url, "ftp://weights.invalid/Other_pretrained.tar")
    (told,) = lint_zoo("january-2020", both)

    assert f"{recipe}.toml: field start.url; expected https: or http: or file:" in told


# Headers.


def test_a_header_is_read_by_its_labels() -> None:
    text = (
        "# A network.\n#   command   zoo train net\n#   open      seed: ours,\n"
        "#             as none is told\n#   open      milestones\nseed = 1\n"
        "#   hardware  below the fields\n"
    )

    assert parse_header(text) == {
        "command": "zoo train net",
        "open": "seed: ours, as none is told milestones",
    }


@pytest.mark.parametrize("label", LABELS)
def test_a_header_without_a_label_is_told(both: Path, spoil: Edit, label: str) -> None:
    path = both / RECIPES / f"{PRUNED}.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(f"#   {label} ", f"#   x{label} "), encoding="utf-8")
    told = lint_zoo("january-2020", both)

    assert (
        f"{PRUNED}.toml: comment {label}; expected a line `#   {label}   ...` above "
        "the fields, got none"
    ) in told


@pytest.mark.parametrize(
    ("old", "new", "got"),
    [
        ("27.8 at 608", "27.9 at 608", "27.9 at 608 px, 26.8 at"),
        ("24.0 at 320", "24 at 320", "26.8 at 416 px, 24 at 320 px"),
        ("27.8 at 608 px, ", "", "got 26.8 at 416 px, 24.0 at 320 px"),
        ("27.8 at 608 px, 26.8 at 416 px, 24.0 at 320 px", "much", "got nothing"),
    ],
)
def test_a_header_repeats_the_claims_and_no_other_number(
    both: Path, spoil: Edit, old: str, new: str, got: str
) -> None:
    spoil(PRUNED, old, new)
    (told,) = lint_zoo("january-2020", both)

    assert told.startswith(
        f"{PRUNED}.toml: comment expects; expected 27.8 at 608 px, 26.8 at 416 px, "
        "24.0 at 320 px, got "
    )
    assert got in told


def test_a_command_of_another_recipe_is_told(both: Path, spoil: Edit) -> None:
    spoil(PRUNED, "zoo train yolov3_mobilenet_v1_prune578", "zoo train yolov3_r34")

    assert lint_zoo("january-2020", both) == (
        (
            f"{PRUNED}.toml: comment command; expected zoo train "
            "yolov3_mobilenet_v1_prune578 --zoo january-2020, got zoo train yolov3_r34 "
            "--zoo january-2020 --gpu"
        ),
    )


# A zoo of one's own.


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A zoo of one's own with a word of its own for its pruning, and a recipe."""
    rows = [
        build_row("yolov3-mobilenet_v1-coco-baseline-608", archive="net"),
        build_row("yolov3-mobilenet_v1-coco-prune_half-608", archive="half"),
    ]
    claims = {row.row_id: "20.0" for row in rows}
    mine = write_zoo(tmp_path / "mine", rows, claims)
    write_recipe(mine / "recipes", "net")
    return mine


def test_a_zoo_of_ones_own_brings_the_recipes_that_it_likes(mine: Path) -> None:
    assert lint_zoo(str(mine), find_home()) == ()


def test_a_strategy_of_ones_own_has_any_name(mine: Path) -> None:
    changes = {"start": {"recipe": "net"}, "strategy.pruning": "prune_r578"}
    write_recipe(mine / "recipes", "half", changes)

    assert lint_zoo(str(mine), find_home()) == ()


def test_a_header_of_ones_own_may_not_restate_a_claim_either(mine: Path) -> None:
    path = mine / "recipes" / "net.toml"
    header = "#   expects   20.5 at 608 px\n"
    path.write_text(header + path.read_text(encoding="utf-8"), encoding="utf-8")

    (told,) = lint_zoo(str(mine), find_home())
    assert told.startswith(
        "mine/net.toml: comment expects; expected 20.0 at 608 px, got 20.5 at 608 px"
    )


def test_a_start_may_be_pinned_and_moved(mine: Path) -> None:
    (mine / "moves.toml").write_text(
        '[[move]]\narchive = "MobileNetV1_pretrained"\nsource = "a friend"\n'
        'url = "https://elsewhere.invalid/MobileNetV1_pretrained.tar"\n',
        encoding="utf-8",
    )
    pin = Pin(url=URL, size_bytes=4, sha256="0" * 64)
    write_lock(mine / "archives.lock.toml", None, {"MobileNetV1_pretrained": pin})

    assert lint_zoo(str(mine), find_home()) == ()
    (mine / "recipes" / "net.toml").unlink()
    told = lint_zoo(str(mine), find_home())
    assert [one.partition(";")[0] for one in told] == [
        "moves.toml: move of MobileNetV1_pretrained: field archive",
        "archives.lock.toml: archive MobileNetV1_pretrained",
    ]


def test_recipes_lie_beside_the_rows_where_several_zoos_share(
    both: Path,
) -> None:
    url = "https://weights.invalid/Other_pretrained.tar"
    write_recipe(both / RECIPES / "march-2020", "x", {"start.url": url})
    (told,) = lint_zoo(str(both / "cases" / "rows" / "march-2020"), find_home())

    assert told.startswith("march-2020/x.toml: name of the file")
