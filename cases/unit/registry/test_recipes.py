"""The recipes of a zoo joined: what each starts from, and what does not join."""

import logging
import re
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.artifact.fetch import fetch_archive
from harness.errors import ZooDataError
from harness.registry.location import find_home
from harness.registry.lock import write_lock
from harness.registry.recipes import open_recipes, read_recipes
from harness.registry.sources import find_sources
from harness.registry.zoo import read_zoo
from harness.values.pins import Pin
from harness.values.recipes import Origin, Recipe, RecipeBook, RecipeId
from harness.values.rows import Archive
from testing.recipes import URL, write_recipe
from testing.rows import build_row
from testing.zoos import copy_home, write_zoo

BASELINE = build_row("yolov3-mobilenet_v1-coco-baseline-608", archive="net")
PRUNED = build_row("yolov3-mobilenet_v1-coco-prune_r578-608", archive="net_r578")
TEACHER = build_row("yolov3-resnet34-coco-baseline-608", archive="big")
QUANTISED = build_row("yolov3-mobilenet_v1-coco-quant_post-608", archive="net_post")
ROWS = (BASELINE, PRUNED, TEACHER, QUANTISED)
L2 = {"distillation": "l2", "teacher": "big"}

Write = Callable[..., Path]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A zoo of one's own with the archives net, net_r578, big and net_post."""
    claims = {row.row_id: "20.0" for row in ROWS}
    return write_zoo(tmp_path / "mine", ROWS, claims)


@pytest.fixture
def write(mine: Path) -> Write:
    def write_own(name: str, changes: dict[str, object] | None = None) -> Path:
        return write_recipe(mine / "recipes", name, changes)

    return write_own


def book_of(folder: Path) -> RecipeBook:
    return open_recipes(str(folder), home=find_home())


def own(book: RecipeBook, name: str) -> Recipe:
    return book.recipes[RecipeId(zoo=book.zoo, name=name)]


def problems_of(folder: Path) -> list[str]:
    sources = find_sources(str(folder), home=find_home())
    problems: list[ZooDataError] = []
    read_recipes(sources, read_zoo(sources), find_home(), problems)
    return [str(one) for one in problems]


def test_a_zoo_without_recipes_has_an_empty_book(mine: Path) -> None:
    assert book_of(mine).own == ()


def test_where_recipes_are_is_logged(
    mine: Path, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    write("net")
    with caplog.at_level(logging.INFO, logger="harness.registry.recipes"):
        book_of(mine)

    assert caplog.messages == [f"recipes of zoo mine: 1 in {mine / 'recipes'}"]


def test_an_address_is_an_archive_with_its_moves_and_its_pin(
    mine: Path, write: Write
) -> None:
    write("net")
    moved = "https://elsewhere.invalid/MobileNetV1_pretrained.tar"
    (mine / "moves.toml").write_text(
        f'[[move]]\narchive = "MobileNetV1_pretrained"\nurl = "{moved}"\n'
        'source = "a friend"\n',
        encoding="utf-8",
    )
    pin = Pin(url=URL, size_bytes=4, sha256="0" * 64)
    write_lock(mine / "archives.lock.toml", None, {"MobileNetV1_pretrained": pin})
    book = book_of(mine)

    assert book.archives_of(own(book, "net")) == (
        Archive(
            name="MobileNetV1_pretrained",
            url=URL,
            moves=(moved,),
            sha256="0" * 64,
            size_bytes=4,
        ),
    )


def test_a_start_is_fetched_from_a_mirror_like_any_archive(
    mine: Path, write: Write, tmp_path: Path
) -> None:
    write("net")
    packed = tmp_path / "mirror" / "backbones" / "MobileNetV1_pretrained.tar"
    packed.parent.mkdir(parents=True)
    with tarfile.open(packed, "w") as tar:
        tar.add(mine / "recipes", arcname="MobileNetV1_pretrained")
    book = book_of(mine)
    (start,) = book.archives_of(own(book, "net"))
    fetched = fetch_archive(
        start, cache=tmp_path / "cache", mirror=str(tmp_path / "mirror"), offline=True
    )

    assert fetched.path.read_bytes() == packed.read_bytes()


def test_a_start_that_a_recipe_makes_is_its_published_archive_or_the_recipe(
    mine: Path, write: Write
) -> None:
    write("net")
    write("big", {"network.backbone": "resnet34"})
    write("unpublished", {"network.backbone": "mobilenet_v1"})
    taught = {"start": {"recipe": "net"}, "strategy": {**L2, "pruning": "prune_r578"}}
    write("net_r578", taught)
    write("again", {**taught, "start": {"recipe": "unpublished"}})
    book = book_of(mine)

    published = {
        one: read_zoo(find_sources(str(mine))).zoo.archives[one]
        for one in ("net", "big")
    }
    teacher = Origin(
        role="teacher",
        zoo="mine",
        archive=published["big"],
        recipe=RecipeId(zoo="mine", name="big"),
    )
    assert book.origins_of(own(book, "net_r578")) == (
        Origin(
            role="start",
            zoo="mine",
            archive=published["net"],
            recipe=RecipeId(zoo="mine", name="net"),
        ),
        teacher,
    )
    assert book.origins_of(own(book, "again")) == (
        Origin(
            role="start",
            zoo="mine",
            archive=None,
            recipe=RecipeId(zoo="mine", name="unpublished"),
        ),
        teacher,
    )
    assert book.archives_of(own(book, "again")) == (published["big"],)


def test_a_start_may_be_an_archive_of_the_zoo(mine: Path, write: Write) -> None:
    write("net_r578", {"start": {"archive": "net"}, "strategy.pruning": "prune_r578"})
    book = book_of(mine)

    assert [one.name for one in book.archives_of(own(book, "net_r578"))] == ["net"]


def test_a_random_start_needs_nothing(mine: Path, write: Write) -> None:
    write("net", {"start": {"random": True}})
    book = book_of(mine)

    assert book.origins_of(own(book, "net")) == ()


def test_a_recipe_may_be_that_of_a_published_zoo(mine: Path, write: Write) -> None:
    path = write("net_r578")
    path.write_text('same_as = "march-2020/yolov3_mobilenet_v1_prune578"\n')
    book = book_of(mine)
    recipe = own(book, "net_r578")

    assert [str(one) for one in recipe.names] == [
        "mine/net_r578",
        "march-2020/yolov3_mobilenet_v1_prune578",
        "january-2020/yolov3_mobilenet_v1_prune578",
    ]
    (start,) = book.origins_of(recipe)
    assert start.archive is not None
    assert start.archive.url.endswith("/object_detection/yolov3_mobilenet_v1.tar")
    assert start.zoo == "march-2020"


def test_a_refusal_keeps_its_reason(mine: Path, write: Write) -> None:
    write("net").write_text('why_not = "its data is lost"\n', encoding="utf-8")
    book = book_of(mine)

    assert book.refusals == {"net": "its data is lost"}
    assert book.own == ()


def test_a_pruned_network_may_be_taught_after_its_pruning(
    mine: Path, write: Write
) -> None:
    write("net")
    write("big", {"network.backbone": "resnet34"})
    pruning = {"strategy.pruning": "prune_r578"}
    write("net_r578", {"start": {"recipe": "net"}, **pruning})
    write(
        "taught",
        {"start": {"recipe": "net_r578"}, "strategy": {**L2, "pruning": "prune_r578"}},
    )

    assert own(book_of(mine), "taught").strategy == "distill_prune_r578"


# What does not join.


def test_a_circle_is_refused_and_shown(mine: Path, write: Write) -> None:
    write("a", {"start": {"recipe": "b"}})
    write("b").write_text('same_as = "c"\n', encoding="utf-8")
    write("c", {"start.url": URL, "strategy": {"distillation": "l2", "teacher": "a"}})
    write("behind", {"start": {"recipe": "a"}})

    assert problems_of(mine) == [
        (
            "mine/a.toml: field start.recipe; expected recipes that lead to an address "
            "or an archive, got mine/a -> mine/b -> mine/c -> mine/a; let one of them "
            "start from an address"
        )
    ]


def test_a_recipe_that_starts_from_itself_is_refused(mine: Path, write: Write) -> None:
    write("net", {"start": {"recipe": "net"}})

    (told,) = problems_of(mine)
    assert "got mine/net -> mine/net; let one" in told


def test_a_long_circle_is_shown_in_part(mine: Path, write: Write) -> None:
    for number in range(12):
        write(f"n{number:02}", {"start": {"recipe": f"n{(number + 1) % 12:02}"}})

    (told,) = problems_of(mine)
    assert "mine/n00 -> mine/n01 -> " in told
    assert "mine/n07 -> ... -> mine/n00;" in told


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"start": {"recipe": "gone"}}, "start.recipe"),
        ({"strategy": {**L2, "teacher": "gone"}}, "strategy.teacher"),
    ],
)
def test_a_missing_recipe_is_told(
    mine: Path, write: Write, changes: dict[str, object], field: str
) -> None:
    write("net", changes)

    assert problems_of(mine) == [
        (
            f"mine/net.toml: field {field}; expected the name of a sound recipe, got "
            "mine/gone: no such file; write or mend mine/gone.toml, or name another"
        )
    ]


def test_what_is_not_made_is_no_start(mine: Path, write: Write) -> None:
    write("big").write_text('why_not = "its data is lost"\n', encoding="utf-8")
    write("net", {"start": {"recipe": "big"}})

    (told,) = problems_of(mine)
    assert "got mine/big: its data is lost" in told


def test_a_malformed_start_is_told_once(mine: Path, write: Write) -> None:
    write("net", {"seed": "seven"})
    write("net_r578", {"start": {"recipe": "net"}, "strategy.pruning": "prune_r578"})

    (told,) = problems_of(mine)
    assert told.startswith("recipes: net.toml: field seed; expected a whole number")


def test_a_zoo_that_is_not_there_is_told(mine: Path, write: Write) -> None:
    write("net", {"start": {"recipe": "june-2020/net"}})

    (told,) = problems_of(mine)
    assert "got june-2020/net: no such file; write or mend june-2020/net.toml" in told


def test_an_unsound_recipe_of_another_zoo_is_no_start(
    tmp_path: Path, repository: Path
) -> None:
    home = copy_home(repository, tmp_path / "home", with_archives=False)
    recipes = home / "cases" / "recipes"
    shutil.copytree(repository / "cases" / "recipes", recipes)
    (recipes / "march-2020" / "yolov3_r34.toml").write_text("seed = -1\n")

    with pytest.raises(
        ZooDataError,
        match=r"^january-2020/yolov3_r34.toml: field same_as; expected the name of a "
        r"sound recipe, got march-2020/yolov3_r34: unsound, as `zoo check --zoo march-"
        r"2020` tells; write or mend march-2020/yolov3_r34.toml, or name another$",
    ):
        open_recipes("january-2020", home=home)


def test_a_circle_may_lead_through_two_zoos(tmp_path: Path, repository: Path) -> None:
    home = copy_home(repository, tmp_path / "home", with_archives=False)
    recipes = home / "cases" / "recipes"
    shutil.copytree(repository / "cases" / "recipes", recipes)
    path = recipes / "march-2020" / "yolov3_r34.toml"
    path.write_text('same_as = "january-2020/yolov3_r34"\n', encoding="utf-8")

    with pytest.raises(
        ZooDataError,
        match=r"got january-2020/yolov3_r34 -> march-2020/yolov3_r34 -> january-2020/",
    ):
        open_recipes("january-2020", home=home)


def test_an_archive_that_the_zoo_lacks_is_no_start(mine: Path, write: Write) -> None:
    write("net", {"start": {"archive": "gone"}})

    assert problems_of(mine) == [
        (
            "mine/net.toml: field start.archive; expected the name of an [[archive]] "
            "of mine, got gone"
        )
    ]


OTHERS = {
    "another backbone": (
        {"network.backbone": "resnet34"},
        (
            "start.recipe; expected weights of yolov3-mobilenet_v1 with 80 classes, "
            "got yolov3-resnet34 with 80 classes; a start has the network of its recipe"
        ),
    ),
    "other classes": (
        {"network.num_classes": 20},
        (
            "start.recipe; expected weights of yolov3-mobilenet_v1 with 80 classes, "
            "got yolov3-mobilenet_v1 with 20 classes"
        ),
    ),
    "another width": (
        {"network.width": 0.5},
        (
            "start.recipe; expected weights of yolov3-mobilenet_v1 with 80 classes, "
            "got yolov3-mobilenet_v1 with 80 classes at width 0.5"
        ),
    ),
    "another pruning": (
        {"strategy.pruning": "prune_sensity"},
        (
            "start.recipe; expected a network that is not pruned yet, or by "
            "prune_r578, got prune_sensity"
        ),
    ),
}


@pytest.mark.parametrize("other", OTHERS)
def test_a_start_of_another_network_is_refused(
    mine: Path, write: Write, other: str
) -> None:
    changes, message = OTHERS[other]
    write("net", changes)
    write("net_r578", {"start": {"recipe": "net"}, "strategy.pruning": "prune_r578"})

    (told,) = problems_of(mine)
    assert told.startswith(f"mine/net_r578.toml: field {message}")


def test_a_network_that_is_to_be_whole_starts_from_no_pruned_one(
    mine: Path, write: Write
) -> None:
    write("net", {"strategy.pruning": "prune_r578"})
    write("whole", {"start": {"recipe": "net"}})

    (told,) = problems_of(mine)
    assert told.endswith("expected a network that is not pruned yet, got prune_r578")


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        ("big", "got yolov3-resnet34 with 80 classes; a start has"),
        ("net_r578", "expected a network that is not pruned yet, got prune_r578"),
        ("net_post", "got yolov3-mobilenet_v1-coco-quant_post-608; a start has"),
    ],
)
def test_an_archive_of_another_network_is_refused(
    mine: Path, write: Write, archive: str, message: str
) -> None:
    write("net", {"start": {"archive": archive}})

    (told,) = problems_of(mine)
    assert told.startswith("mine/net.toml: field start.archive; ")
    assert message in told


TEACHERS = {
    "the other dataset": (
        {"data": {"dataset": "voc", "split": "trainval2007+2012"}},
        "dataset of the student: coco, got voc of mine/big",
    ),
    "other classes": (
        {"network.num_classes": 20},
        "classes of the student: 80, got 20 of mine/big",
    ),
    "other pixels": (
        {
            "network.backbone": "resnet50_vd_dcn_obj365",
            "augmentation.chain": "yolov3_obj365",
        },
        "pixels of the student: scaled, got unscaled of mine/big",
    ),
}


@pytest.mark.parametrize("other", TEACHERS)
def test_a_teacher_of_something_else_is_refused(
    mine: Path, write: Write, other: str
) -> None:
    changes, message = TEACHERS[other]
    write("big", {"network.backbone": "resnet34", **changes})
    write("net", {"strategy": L2})

    assert problems_of(mine) == [
        (
            f"mine/net.toml: field strategy.teacher; expected {message}; name a "
            "teacher that sees the same batches"
        )
    ]


def test_an_address_of_what_is_an_archive_is_refused(mine: Path, write: Write) -> None:
    write("net", {"start.url": "https://weights.invalid/net.tar"})

    assert problems_of(mine) == [
        (
            "mine/net.toml: field start.url; expected an address whose last part names "
            'nothing else, got net, which is an [[archive]]; write archive = "net" for '
            "an archive of the zoo"
        )
    ]


def test_two_addresses_do_not_share_a_name(mine: Path, write: Write) -> None:
    write("big", {"network.backbone": "resnet34"})
    write("net", {"start.url": "https://other.invalid/MobileNetV1_pretrained.tar"})

    (told,) = problems_of(mine)
    assert "got MobileNetV1_pretrained, which another recipe starts from at" in told


def test_opening_tells_the_first_problem_and_how_many_more(
    mine: Path, write: Write
) -> None:
    write("big", {"seed": -1})
    write("net", {"seed": -1})

    with pytest.raises(
        ZooDataError,
        match=r"^recipes: big.toml: field seed; .*, got -1; 1 more: `zoo check` lists",
    ):
        book_of(mine)


# The shipped ones.

EDITIONS = ("january-2020", "march-2020")


@pytest.mark.parametrize(
    ("edition", "count"), [("january-2020", 10), ("march-2020", 17)]
)
def test_the_shipped_recipes_can_all_be_followed(edition: str, count: int) -> None:
    book = open_recipes(edition, home=find_home())

    assert len(book.own) == count
    for recipe in book.own:
        for origin in book.origins_of(recipe):
            assert origin.archive is not None


@pytest.mark.parametrize(
    ("name", "start", "teacher"),
    [
        ("yolov3_mobilenet_v1_prune578", "object_detection/yolov3_mobilenet_v1", ""),
        ("yolov3_r50_dcn_prune1x", "object_detection/yolov3_r50vd_dcn", ""),
        (
            "yolov3_mobilenetv1_coco_distilled",
            "MobileNetV1_pretrained",
            "object_detection/yolov3_r34",
        ),
        (
            "yolov3_mobilenetv1_voc_distilled",
            "MobileNetV1_pretrained",
            "object_detection/yolov3_r34_voc",
        ),
    ],
)
def test_januarys_networks_start_from_published_addresses(
    name: str, start: str, teacher: str
) -> None:
    book = open_recipes("january-2020", home=find_home())
    urls = [one.url for one in book.archives_of(own(book, name))]

    wanted = [one for one in (start, teacher) if one]
    assert len(urls) == len(wanted)
    for url, end in zip(urls, wanted, strict=True):
        assert re.search(rf"/{end}\.tar$", url)


@pytest.mark.parametrize("edition", EDITIONS)
def test_shipped_recipes_are_for_the_published_batch(edition: str) -> None:
    book = open_recipes(edition, home=find_home())

    assert {one.schedule.batch for one in book.own} == {64}  # zoo-spec 5.1
    assert {one.schedule.base_rate for one in book.own} == {0.001}


@pytest.mark.parametrize(
    ("name", "steps", "milestones"),
    [
        ("yolov3_mobilenet_v1_prune578", 500_200, (400_000, 450_000)),
        ("yolov3_mobilenet_v1_voc_prune578", 70_000, (55_000, 62_000)),
        ("yolov3_r50_dcn_prune1x", 500_000, (400_000, 450_000)),
    ],
)
def test_pruned_networks_train_the_full_schedule(
    name: str, steps: int, milestones: tuple[int, ...]
) -> None:
    book = open_recipes("january-2020", home=find_home())
    schedule = own(book, name).schedule

    assert (schedule.steps, schedule.milestones) == (steps, milestones)  # zoo-spec 5.2


@pytest.mark.parametrize(
    ("name", "baseline"),
    [
        ("yolov3_mobilenetv1_coco_distilled", "yolov3_mobilenet_v1"),
        ("yolov3_mobilenetv1_voc_distilled", "yolov3_mobilenet_v1_voc"),
    ],
)
def test_unpublished_milestones_have_the_shares_of_the_baselines(
    name: str, baseline: str
) -> None:
    book = open_recipes("january-2020", home=find_home())
    ours, theirs = own(book, name).schedule, own(book, baseline).schedule

    assert ours.milestones == tuple(
        round(one * ours.steps / theirs.steps, -3) for one in theirs.milestones
    )


@pytest.mark.parametrize("edition", EDITIONS)
def test_labels_are_smoothed_on_coco_by_the_ordinary_loss_alone(edition: str) -> None:
    for recipe in open_recipes(edition, home=find_home()).own:
        wanted = recipe.dataset == "coco" and recipe.loss == "ordinary"
        assert recipe.is_label_smoothed == wanted  # zoo-spec 4.4, 5.1


def test_both_editions_train_the_same_archive_alike() -> None:
    january = {
        one.recipe_id.name: one
        for one in open_recipes("january-2020", home=find_home()).own
    }
    march = open_recipes("march-2020", home=find_home())

    for name in january:
        twin = "yolov3_r50vd_dcn_prune1x" if name == "yolov3_r50_dcn_prune1x" else name
        assert own(march, twin).names[-1] == january[name].names[-1]
