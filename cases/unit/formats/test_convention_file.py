from pathlib import Path

import pytest

from harness.errors import DetectionsInvalid
from harness.formats.convention_file import (
    CONVENTION_FILE,
    StatedConvention,
    read_convention,
    write_convention,
)


@pytest.mark.parametrize("classes", [None, ("cat",), ("a-été", "dining table")])
def test_what_was_written_is_read(
    tmp_path: Path, classes: tuple[str, ...] | None
) -> None:
    stated = StatedConvention(word="devkit", classes=classes)
    write_convention(tmp_path, stated)

    assert read_convention(tmp_path) == stated


def test_a_folder_without_the_file_says_nothing(tmp_path: Path) -> None:
    assert read_convention(tmp_path) is None
    assert read_convention(tmp_path / "none") is None


@pytest.mark.parametrize(
    ("content", "got"),
    [
        ("", "got Expecting value"),
        ("[]", r"got \[\]"),
        ('{"convention": 3}', 'got {"convention": 3}'),
        ('{"convention": "devkit", "classes": []}', r"got classes \[\]"),
        ('{"convention": "devkit", "classes": "cat"}', 'got classes "cat"'),
        ('{"convention": "devkit", "classes": [1]}', r"got classes \[1\]"),
        ("[" * 100_000, "got maximum recursion"),
        (f'{{"convention": {"9" * 5000}}}', "got Exceeds the limit"),
        (f'["{"x" * 5000}"]', r"x+\.\.\. and 4924 more characters"),
    ],
)
def test_a_malformed_file_is_named(tmp_path: Path, content: str, got: str) -> None:
    (tmp_path / CONVENTION_FILE).write_text(content)

    with pytest.raises(
        DetectionsInvalid,
        match=rf"convention\.json: not a convention; expected .*{got}.*; mend the file",
    ):
        read_convention(tmp_path)


@pytest.mark.parametrize("target", ["nowhere", CONVENTION_FILE])
def test_a_link_that_leads_nowhere_is_not_passed_over(
    tmp_path: Path, target: str
) -> None:
    (tmp_path / CONVENTION_FILE).symlink_to(target)

    with pytest.raises(
        DetectionsInvalid, match=r"convention\.json: cannot be read; go"
    ):
        read_convention(tmp_path)
