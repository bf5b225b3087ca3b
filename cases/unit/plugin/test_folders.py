from __future__ import annotations

import pytest

from harness.plugin.folders import meant_folders


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
