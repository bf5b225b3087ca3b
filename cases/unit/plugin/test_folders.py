from __future__ import annotations

import pytest

from harness.plugin.folders import meant_folders
from harness.registry.zoo import open_zoo
from harness.values.rows import Row


@pytest.mark.parametrize(
    ("marks", "zoo", "folders"),
    [
        ("", None, ()),
        ("", "demo", ("zoo",)),
        ("coco", None, ("zoo",)),
        ("voc and prune", None, ("zoo",)),
        ("coco", "demo", ("zoo",)),
        ("speed", None, ("zoo", "bench")),
        ("speed or coco", None, ("zoo", "bench")),
    ],
)
def test_folders_without_a_marked_case_are_not_collected(
    marks: str, zoo: str | None, folders: tuple[str, ...]
) -> None:
    assert meant_folders(marks, zoo) == folders


@pytest.mark.parametrize("marks", ["not coco", "not (voc or coco)", "coco or not voc"])
def test_an_expression_that_an_unmarked_case_fulfils_means_every_folder(
    marks: str,
) -> None:
    assert meant_folders(marks, None) == ()


def test_a_malformed_expression_is_left_to_pytest() -> None:
    assert meant_folders("coco and", None) == ()


JANUARY = open_zoo("january-2020").rows


@pytest.mark.parametrize(
    ("keyword", "folders"),
    [
        ("mobilenet_v1", ("zoo",)),
        ("MobileNet_V1 and 608", ("zoo",)),
        ("608 and not r34", ("zoo",)),
        ("widerface", ("zoo",)),  # a marker of rows is one of their words too
        ("not mobilenet_v1", ()),  # a unit test can be meant as well
        ("test_own", ()),
        ("608 and", ()),
        ("", ()),
    ],
)
def test_a_keyword_means_rows_where_some_have_it_and_not_any_case_has(
    keyword: str, folders: tuple[str, ...]
) -> None:
    assert meant_folders("", None, keyword=keyword, rows=lambda: JANUARY) == folders


def test_a_keyword_that_no_row_has_means_every_folder() -> None:
    assert meant_folders("", None, keyword="608", rows=tuple) == ()


def test_a_zoo_is_not_opened_where_markers_decide() -> None:
    def never() -> tuple[Row, ...]:
        raise AssertionError

    assert meant_folders("coco", None, keyword="608", rows=never) == ("zoo",)
    assert meant_folders("", "demo", keyword="608", rows=never) == ("zoo",)


@pytest.mark.parametrize(
    ("keyword", "is_retrained", "folders"),
    [
        ("608-retrained", True, ("zoo",)),
        ("608 and retrained", True, ("zoo",)),
        ("608-retrained", False, ()),
        ("608 and not retrained", True, ("zoo",)),
    ],
)
def test_a_keyword_of_second_cases_means_rows_where_there_are_any(
    keyword: str, is_retrained: bool, folders: tuple[str, ...]
) -> None:
    meant = meant_folders(
        "", None, keyword=keyword, rows=lambda: JANUARY, retrained=is_retrained
    )

    assert meant == folders
