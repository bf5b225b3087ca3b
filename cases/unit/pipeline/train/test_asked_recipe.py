"""A recipe is found by its name, or by a row of its archive."""

import pytest

from harness.errors import ArchiveUnavailable, UsageError
from harness.pipeline.train.asked_recipe import asked_recipe, recipe_of_archive
from testing.toy_zoo import BASELINE, PRUNED, Toy


@pytest.mark.parametrize("name", ["toy", BASELINE])
def test_a_recipe_is_called_by_its_name_or_by_a_row_of_its_archive(
    toy: Toy, name: str
) -> None:
    assert asked_recipe(toy.zoo, toy.book, name) == toy.recipe()


def test_a_recipe_that_makes_no_archive_of_the_zoo_is_found_too(toy: Toy) -> None:
    toy.write("teacher")

    assert asked_recipe(toy.zoo, toy.book, "teacher") == toy.recipe("teacher")


def test_an_unknown_name_is_told_with_those_near_it(toy: Toy) -> None:
    with pytest.raises(
        UsageError,
        match=r"no recipe 'toi' in small; expected the name of a recipe, or the id of "
        r"a row, got near it are toy; `zoo list`",
    ):
        asked_recipe(toy.zoo, toy.book, "toi")


def test_a_name_like_no_other_is_told_so(toy: Toy) -> None:
    toy.write("teacher")

    with pytest.raises(
        UsageError, match="got nothing like it; recipes are teacher, toy; `zoo list`"
    ):
        asked_recipe(toy.zoo, toy.book, "%%%")


@pytest.mark.parametrize("name", ["toy_pruned", PRUNED])
def test_an_archive_without_a_recipe_cannot_be_made(toy: Toy, name: str) -> None:
    with pytest.raises(
        ArchiveUnavailable,
        match=r"no recipe makes toy_pruned of small; write toy_pruned\.toml among",
    ):
        asked_recipe(toy.zoo, toy.book, name)


def test_the_reason_why_there_is_none_is_told(toy: Toy) -> None:
    path = toy.folder / "recipes" / "toy_pruned.toml"
    path.write_text('why_not = "the data are lost"\n', encoding="utf-8")

    with pytest.raises(ArchiveUnavailable, match=r"small; got the data are lost$"):
        recipe_of_archive(toy.book, "toy_pruned")
    with pytest.raises(ArchiveUnavailable, match="the data are lost"):
        asked_recipe(toy.zoo, toy.book, "toy_pruned")
