from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.registry import location
from harness.registry.location import demand_checkout, find_home, written_home


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
