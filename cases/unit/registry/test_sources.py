import logging
import shutil
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.registry.sources import find_sources, zoo_names


def test_a_name_is_a_zoo_of_home(home: Path) -> None:
    sources = find_sources("january-2020", home=home)

    assert sources.root == home / "cases" / "rows" / "january-2020"
    assert sources.claims == home / "expected" / "january-2020.csv"
    assert sources.errata_section == "january-2020"
    assert sources.shared_folder == home / "expected"


def test_the_chosen_files_of_a_zoo_are_logged(
    home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="harness.registry.sources")
    mine = tmp_path / "mine"
    mine.mkdir()

    find_sources("january-2020", home=home)
    find_sources(str(mine), home=home)

    named, own = caplog.messages
    rows, expected = home / "cases" / "rows" / "january-2020", home / "expected"
    default = expected / "tolerance.toml"
    assert named.startswith(f"zoo january-2020: rows in {rows}, claims in {expected}")
    assert own.startswith(f"zoo mine: rows in {mine}, claims in {mine}")
    assert own.endswith(f", tolerance in {default}")


def test_hand_written_files_are_not_tables(home: Path) -> None:
    names = [path.name for path in find_sources("january-2020", home=home).tables]

    assert names == [
        "distill_coco.toml",
        "distill_voc.toml",
        "prune_coco.toml",
        "prune_voc.toml",
        "quant_coco.toml",
        "quant_widerface.toml",
    ]


def test_the_path_of_a_zoo_of_home_is_that_zoo(home: Path) -> None:
    path = home / "cases" / "rows" / "january-2020"

    assert find_sources(str(path), home=home) == find_sources("january-2020", home=home)


def test_rows_beside_an_expected_folder_share_it(home: Path, tmp_path: Path) -> None:
    root = tmp_path / "own" / "rows" / "mine"
    root.mkdir(parents=True)
    (tmp_path / "own" / "expected").mkdir()
    (tmp_path / "own" / "expected" / "mine.csv").touch()

    sources = find_sources(str(root), home=home)

    assert sources.claims == tmp_path / "own" / "expected" / "mine.csv"
    assert sources.recipes == tmp_path / "own" / "recipes" / "mine"
    assert sources.errata_section == "mine"
    assert sources.tolerance == home / "expected" / "tolerance.toml"
    assert sources.tolerance_section == "default"


def test_a_lone_folder_holds_everything_but_may_borrow_the_tolerance(
    home: Path, tmp_path: Path
) -> None:
    root = tmp_path / "mine"
    root.mkdir()

    sources = find_sources(str(root), home=home)

    assert sources.name == "mine"
    assert sources.claims == root / "expected.csv"
    assert sources.recipes == root / "recipes"
    assert sources.errata == root / "errata.toml"
    assert sources.errata_section is None
    assert sources.lock == root / "archives.lock.toml"
    assert sources.shared_folder is None
    assert sources.tolerance == home / "expected" / "tolerance.toml"


def test_a_lone_folders_own_tolerance_is_its_own(home: Path, tmp_path: Path) -> None:
    root = tmp_path / "mine"
    root.mkdir()
    (root / "tolerance.toml").touch()

    sources = find_sources(str(root), home=home)

    assert sources.tolerance == root / "tolerance.toml"
    assert sources.tolerance_section is None


def test_a_zoo_of_home_comes_before_a_folder_of_its_name(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "january-2020").mkdir()
    monkeypatch.chdir(tmp_path)

    sources = find_sources("january-2020", home=home)

    assert sources.root == home / "cases" / "rows" / "january-2020"


@pytest.mark.parametrize("name", ["february-2020", "", "no/such/folder"])
def test_an_unknown_zoo_is_refused_with_the_known_ones(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    called = f"'{name}'" if name else "without a name"
    with pytest.raises(
        UsageError,
        match=rf"no zoo {called}; expected the path of a folder, or january-2020, got "
        r"neither; a folder needs its path: \./NAME",
    ):
        find_sources(name, home=home)


@pytest.mark.parametrize("name", ["x" * 5000, "a/" * 5000, "nul\0"])
def test_a_name_that_no_system_takes_is_of_no_zoo(home: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"^no zoo '") as refusal:
        find_sources(name, home=home)

    assert len(str(refusal.value)) < 600


def test_what_macos_adds_is_no_zoo_and_no_table(home: Path) -> None:
    folder = home / "cases" / "rows"
    before = find_sources("january-2020", home=home).tables, zoo_names(home)
    (folder / ".Trashes").mkdir()
    (folder / "january-2020" / "._prune_coco.toml").write_bytes(b"\0\5\x16\7")

    assert (find_sources("january-2020", home=home).tables, zoo_names(home)) == before


def test_the_zoos_of_home_are_named_in_order(home: Path) -> None:
    shutil.copytree(
        home / "cases" / "rows" / "january-2020", home / "cases" / "rows" / "another"
    )

    assert zoo_names(home) == ("another", "january-2020")
