from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.registry import location
from harness.registry.location import (
    accepted_records,
    demand_checkout,
    find_home,
    pages_folder,
    pins_path,
    written_home,
)


def make_checkout(folder: Path) -> Path:
    (folder / "harness" / "registry").mkdir(parents=True)
    (folder / "harness" / "registry" / "location.py").touch()
    (folder / "cases" / "rows").mkdir(parents=True)
    (folder / "expected").mkdir()
    return folder


def test_a_checkout_one_stands_in_is_home(tmp_path: Path) -> None:
    checkout = make_checkout(tmp_path / "checkout")

    assert find_home(checkout) == checkout
    assert find_home(checkout / "cases" / "rows") == checkout


def test_anywhere_else_the_checkout_of_the_code_is_home(
    tmp_path: Path, repository: Path
) -> None:
    assert find_home(tmp_path) == repository


def test_the_current_folder_is_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = make_checkout(tmp_path / "checkout")
    monkeypatch.chdir(checkout / "expected")

    assert find_home() == checkout


def test_an_installed_package_uses_the_data_it_ships(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "site-packages" / "harness" / "registry"
    monkeypatch.setattr(location, "_HERE", installed / "location.py")
    monkeypatch.setattr(location, "_SHIPPED", installed / "shipped")

    assert find_home(tmp_path) == installed / "shipped"


def test_a_folder_of_the_users_own_cases_is_not_a_checkout(
    tmp_path: Path, repository: Path
) -> None:
    (tmp_path / "cases" / "rows").mkdir(parents=True)
    (tmp_path / "expected").mkdir()

    assert find_home(tmp_path) == repository


def test_the_home_that_was_found_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    checkout = make_checkout(tmp_path / "checkout")
    with caplog.at_level("DEBUG", logger="harness.registry.location"):
        find_home(checkout)
        monkeypatch.setattr(location, "_HERE", tmp_path / "a" / "b" / "location.py")
        monkeypatch.setattr(location, "_SHIPPED", tmp_path / "shipped")
        find_home(tmp_path)

    assert caplog.messages == [
        f"data of the zoos: {checkout}",
        f"data of the zoos: {tmp_path / 'shipped'}, as installed",
    ]


def test_nothing_is_written_into_an_installed_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(location, "_SHIPPED", tmp_path / "site-packages")
    monkeypatch.chdir(tmp_path)

    assert written_home(tmp_path / "site-packages") == tmp_path
    assert written_home(tmp_path / "checkout") == tmp_path / "checkout"
    demand_checkout(tmp_path / "checkout", "pins")
    with pytest.raises(
        UsageError,
        match=r"^pins of a zoo that was installed; expected a checkout, or a zoo's own "
        r"folder, got the package's data in \S+site-packages; run it in a checkout",
    ):
        demand_checkout(tmp_path / "site-packages", "pins")


def test_records_and_pages_of_a_zoo_have_their_places(tmp_path: Path) -> None:
    assert accepted_records(tmp_path, "demo") == tmp_path / "reports/records/demo"
    assert pages_folder(tmp_path, "demo") == tmp_path / "reports/demo"


def test_of_an_installed_package_the_folders_are_in_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages" / "shipped"
    monkeypatch.setattr(location, "_SHIPPED", package)
    monkeypatch.chdir(tmp_path)

    assert pages_folder(package, "demo") == tmp_path / "reports" / "demo"
    assert accepted_records(package, "demo") == tmp_path / "reports/records/demo"


def test_every_place_is_there_in_this_checkout(repository: Path) -> None:
    places = [one for one in vars(location).values() if type(one) is type(Path())]
    relative = {one for one in places if not one.is_absolute()}
    missing = {one for one in relative if not (repository / one).exists()}

    assert len(relative) == 11
    assert missing == {location.DATASET_PINS}  # no dataset was pinned yet


def test_the_pins_of_a_dataset_are_a_file_of_its_name(tmp_path: Path) -> None:
    assert pins_path(tmp_path, "voc") == tmp_path / "expected" / "datasets" / "voc.txt"


@pytest.mark.parametrize("word", ["cases", "expected", "reports"])
def test_no_other_module_decides_where_data_lies(repository: Path, word: str) -> None:
    told = {
        path.relative_to(repository).as_posix()
        for path in (repository / "harness").rglob("*.py")
        if f'Path("{word}"' in path.read_text("utf-8")
        or f'/ "{word}"' in path.read_text("utf-8")
    }

    assert told == {"harness/registry/location.py"}
