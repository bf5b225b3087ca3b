import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.registry.lint.zoo import lint_zoo
from harness.registry.lock import write_lock
from harness.values.pins import Pin

Edit = Callable[[str, str, str], None]

ROW = "yolov3-mobilenet_v1-coco-prune_r578-608"
WAIVER = """
[[waiver]]
zoo = "january-2020"
row = "{row}"
verdict = "unavailable"
reason = "a test"
expires = 2030-12-31
"""


def append(home: Path, name: str, text: str) -> None:
    path = home / "expected" / name
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_the_shipped_january_zoo_is_without_fault(repository: Path) -> None:
    assert lint_zoo("january-2020", repository) == ()


def test_every_problem_is_told_not_only_the_first(home: Path, edit: Edit) -> None:
    edit("prune_coco.toml", '"sensity"', '"r578"')
    edit("quant_coco.toml", "num_classes = 80", "num_classes = 0")
    edit("expected/january-2020.csv", "24.0", "24.05")
    edit("expected/errata.toml", 'printed = "320"', 'printed = "321"')
    messages = lint_zoo("january-2020", home)

    assert len(messages) == 4
    assert sum("num_classes" in one for one in messages) == 1
    assert sum("24.05" in one for one in messages) == 1
    assert sum("'321'" in one for one in messages) == 1
    assert sum("cells.裁剪策略" in one for one in messages) == 1


def test_what_follows_from_a_table_that_cannot_be_read_is_not_told(
    home: Path, edit: Edit
) -> None:
    edit("prune_coco.toml", "[table]", "[table")
    (message,) = lint_zoo("january-2020", home)

    assert message.startswith("prune_coco.toml: not readable as TOML; ")


def test_claims_that_are_all_missing_are_told_of_every_row(home: Path) -> None:
    path = home / "expected" / "january-2020.csv"
    path.write_text("row,metric,printed\n", encoding="utf-8")
    messages = lint_zoo("january-2020", home)

    assert sum("; expected a claim for " in one for one in messages) == 32


def test_a_misspelt_section_would_hide_its_errata(home: Path, edit: Edit) -> None:
    edit("expected/errata.toml", "[january-2020.E4]", "[janaury-2020.E4]")
    (message,) = lint_zoo("january-2020", home)

    assert message == (
        "errata.toml: section janaury-2020; expected demo or january-2020, got a zoo "
        "that is not there"
    )


def test_the_tolerance_alone_has_a_default(home: Path) -> None:
    append(home, "datasets.toml", "\n[default.coco]\nimage_count = 1\n")
    (message,) = lint_zoo("january-2020", home)

    assert message.startswith("datasets.toml: section default; expected")


def test_a_pin_of_an_unknown_archive_is_told(home: Path) -> None:
    pin = Pin(url="https://example.org/a.tar", size_bytes=7, sha256="a" * 64)
    write_lock(home / "expected" / "archives.lock.toml", "january-2020", {"a": pin})
    (message,) = lint_zoo("january-2020", home)

    assert message == (
        "archives.lock.toml: archive a; expected the name of an [[archive]] of this "
        "zoo, got no such archive"
    )


def test_a_pin_of_an_archive_of_the_zoo_is_no_fault(home: Path) -> None:
    pin = Pin(url="https://example.org/a.tar", size_bytes=7, sha256="a" * 64)
    name = "yolov3_mobilenet_v1_prune578"
    write_lock(home / "expected" / "archives.lock.toml", "january-2020", {name: pin})

    assert lint_zoo("january-2020", home) == ()


def test_a_waiver_of_a_known_row_is_no_fault(home: Path) -> None:
    append(home, "waivers.toml", WAIVER.format(row=ROW))

    assert lint_zoo("january-2020", home) == ()


def test_a_waiver_of_an_unknown_row_is_told(home: Path) -> None:
    append(home, "waivers.toml", WAIVER.format(row="a-row"))
    (message,) = lint_zoo("january-2020", home)

    assert message == (
        "waivers.toml: waiver of a-row: field row; expected the id of a row of "
        "january-2020, got no such row"
    )


def test_a_waiver_of_another_zoo_says_nothing_of_this_ones_rows(home: Path) -> None:
    waiver = WAIVER.format(row="a-row-of-the-demo")
    append(home, "waivers.toml", waiver.replace("january-2020", "demo"))

    assert lint_zoo("january-2020", home) == ()


def test_a_waiver_of_an_unknown_zoo_is_told(home: Path) -> None:
    text = WAIVER.format(row=ROW).replace("january-2020", "june-2020")
    append(home, "waivers.toml", text)
    (message,) = lint_zoo("january-2020", home)

    assert message.startswith(f"waivers.toml: waiver of {ROW}: field zoo; expected")


def test_malformed_shared_files_are_told(home: Path) -> None:
    append(home, "waivers.toml", "[[waiver]]\n")
    append(home, "datasets.toml", "\n[demo.lvis]\n")
    append(home, "dataset_sources.toml", "\n[lvis.val]\n")
    (home / "expected" / "datasets").mkdir()
    (home / "expected" / "datasets" / "coco.txt").write_text("no pins\n")
    messages = lint_zoo("january-2020", home)

    assert [one.partition(":")[0] for one in messages] == [
        "waivers.toml",
        "datasets.toml",
        "dataset_sources.toml",
        "coco.txt",
    ]


def test_a_lone_folder_is_linted_without_shared_files(
    data: Path, home: Path, tmp_path: Path
) -> None:
    source = data / "synthetic"
    folder = tmp_path / "mine"
    shutil.copytree(source / "cases" / "rows" / "synthetic", folder)
    shutil.copy(source / "expected" / "synthetic.csv", folder / "expected.csv")
    append(home, "waivers.toml", "[[waiver]]\n")

    assert lint_zoo(str(folder), home) == ()


def test_zoos_of_ones_own_may_share_a_folder_and_take_the_default_tolerance(
    data: Path, home: Path, tmp_path: Path
) -> None:
    source = data / "synthetic"
    rows = tmp_path / "mine" / "rows" / "synthetic"
    shutil.copytree(source / "cases" / "rows" / "synthetic", rows)
    (tmp_path / "mine" / "expected").mkdir()
    claims = source / "expected" / "synthetic.csv"
    shutil.copy(claims, tmp_path / "mine" / "expected")
    # sections of the home's file are none of these zoos, and no fault of theirs
    append(home, "tolerance.toml", "\n[[another-zoo.part]]\n")

    assert lint_zoo(str(rows), home) == ()


def test_an_unknown_zoo_is_a_question_that_cannot_be_asked(home: Path) -> None:
    with pytest.raises(UsageError, match="no zoo 'june-2020'"):
        lint_zoo("june-2020", home)
