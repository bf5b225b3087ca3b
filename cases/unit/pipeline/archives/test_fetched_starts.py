"""What trainings start from is fetched and pinned as archives of rows are."""

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.pipeline.archives.fetched_archives import (
    fetch_archives,
    pin_archives,
    pinned_here,
    starts_of,
)
from harness.registry.lock import read_lock
from harness.registry.recipes import open_recipes
from testing.recipes import URL
from testing.toy_zoo import Toy, as_classifier, serve, toy_weights, write_toy


@pytest.fixture
def toy(request: pytest.FixtureRequest, tmp_path: Path) -> Toy:
    made = write_toy(tmp_path, home=request.config.rootpath, images=tmp_path)
    made.write("toy", start={"url": URL})
    made.write("toy_pruned", start={"recipe": "toy"})
    made.write("random")
    return made


def test_the_starts_of_all_recipes_are_listed_once(toy: Toy) -> None:
    names = [one.name for one in starts_of(toy.book, [])]

    assert sorted(names) == ["MobileNetV1_pretrained", "toy"]


@pytest.mark.parametrize(
    ("name", "starts"),
    [("toy", ["MobileNetV1_pretrained"]), ("toy_pruned", ["toy"]), ("random", [])],
)
def test_a_recipe_names_its_starts(toy: Toy, name: str, starts: list[str]) -> None:
    assert [one.name for one in starts_of(toy.book, [name])] == starts


def test_a_teacher_is_a_start_too(request: pytest.FixtureRequest) -> None:
    book = open_recipes("january-2020", home=request.config.rootpath)
    names = [one.name for one in starts_of(book, ["yolov3_mobilenetv1_coco_distilled"])]

    assert names == ["MobileNetV1_pretrained", "yolov3_r34"]


def test_a_name_that_is_no_recipes_is_refused(toy: Toy) -> None:
    with pytest.raises(UsageError, match="'toi' is no recipe of small; expected the"):
        starts_of(toy.book, ["toi"])


def test_a_start_is_pinned_in_the_lock_of_its_zoo(toy: Toy) -> None:
    tar = serve(
        toy.mirror,
        "backbones/MobileNetV1_pretrained.tar",
        as_classifier(toy_weights()),
    )
    fetched = fetch_archives(starts_of(toy.book, ["toy"]), toy.settings)
    lock = pin_archives(toy.zoo, toy.home, fetched)

    pin = read_lock(lock, None)["MobileNetV1_pretrained"]
    assert pin.size_bytes == tar.stat().st_size
    (start,) = starts_of(toy.book, ["toy"])
    assert start.sha256 == pin.sha256
    assert start in pinned_here(toy.book)


def test_what_another_zoo_prints_is_not_pinned_here(
    request: pytest.FixtureRequest,
) -> None:
    book = open_recipes("january-2020", home=request.config.rootpath)
    elsewhere = set(starts_of(book, [])) - pinned_here(book)
    own = {one.name for one in pinned_here(book)}

    homes = {one.home_zoo for one in book.own}
    assert bool(elsewhere) == (homes != {"january-2020"})
    assert own
