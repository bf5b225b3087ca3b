from pathlib import Path

import pytest

from harness.errors import ZooDataError
from harness.registry.lock import read_lock, write_lock
from harness.values.pins import Pin

PIN = Pin(url="https://example.org/a.tar", size_bytes=4, sha256="0" * 64)
OTHER = Pin(url="https://example.org/b.tar", size_bytes=5, sha256="1" * 64)


def test_pins_read_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "archives.lock.toml"
    write_lock(path, "demo", {"a": PIN, "b": OTHER})

    assert read_lock(path, "demo") == {"a": PIN, "b": OTHER}


def test_a_lone_folders_lock_has_no_sections(tmp_path: Path) -> None:
    path = tmp_path / "archives.lock.toml"
    write_lock(path, None, {"a": PIN})

    assert read_lock(path, None) == {"a": PIN}
    assert path.read_text().startswith("[a]\n")


def test_writing_one_zoo_leaves_the_others(tmp_path: Path) -> None:
    path = tmp_path / "archives.lock.toml"
    write_lock(path, "january-2020", {"a": PIN})
    write_lock(path, "demo", {"b": OTHER})

    assert read_lock(path, "january-2020") == {"a": PIN}
    assert read_lock(path, "demo") == {"b": OTHER}


def test_the_order_of_pinning_does_not_show(tmp_path: Path) -> None:
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    write_lock(one, "z", {"a": PIN, "b": OTHER})
    write_lock(one, "y", {"a": PIN})
    write_lock(two, "y", {"a": PIN})
    write_lock(two, "z", {"b": OTHER, "a": PIN})

    assert one.read_bytes() == two.read_bytes()


def test_a_missing_lock_pins_nothing(tmp_path: Path) -> None:
    assert read_lock(tmp_path / "none.toml", "demo") == {}


def test_a_zoo_that_is_not_in_the_lock_has_no_pins(tmp_path: Path) -> None:
    path = tmp_path / "archives.lock.toml"
    write_lock(path, "demo", {"a": PIN})

    assert read_lock(path, "january-2020") == {}


@pytest.mark.parametrize(
    ("digest", "size", "expected"),
    [
        ("0" * 63, 4, "field sha256; expected 64 hexadecimal digits"),
        ("A" * 64, 4, "field sha256; expected 64 hexadecimal digits"),
        ("0" * 64, 0, "field size_bytes; expected a whole number from 1, got 0"),
    ],
)
def test_a_malformed_pin_is_refused(
    tmp_path: Path, digest: str, size: int, expected: str
) -> None:
    path = tmp_path / "lock.toml"
    path.write_text(f'[demo.a]\nurl = "u"\nsize_bytes = {size}\nsha256 = "{digest}"\n')

    with pytest.raises(ZooDataError, match=rf"lock\.toml: archive a: {expected}"):
        read_lock(path, "demo")


def test_a_malformed_pin_is_noted_where_there_is_a_list(tmp_path: Path) -> None:
    path = tmp_path / "lock.toml"
    path.write_text("[demo]\na = 1\n")
    problems: list[ZooDataError] = []

    assert read_lock(path, "demo", problems) == {}
    assert "lock.toml: archive a: a; expected a table" in str(problems[0])


def test_what_is_not_a_lock_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "lock.toml"
    path.write_text("not toml")

    with pytest.raises(ZooDataError, match="not readable as TOML"):
        write_lock(path, "demo", {"a": PIN})
    assert path.read_text() == "not toml"
