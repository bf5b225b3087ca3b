from pathlib import Path

import pytest

from harness.dataset.digest_cache import DigestCache
from harness.dataset.fingerprint import digest_files


def write_files(folder: Path, files: dict[str, bytes]) -> dict[str, Path]:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return {name: folder / name for name in files}


def fingerprint(folder: Path, files: dict[str, bytes], truth: bytes = b"{}") -> str:
    images = write_files(folder, files)
    annotations = folder / "truth.json"
    annotations.write_bytes(truth)
    return digest_files({annotations.name: annotations}, images).fingerprint


def test_the_folder_and_the_order_do_not_matter(tmp_path: Path) -> None:
    one = fingerprint(tmp_path / "one", {"a.png": b"A", "b.png": b"B"})
    other = fingerprint(tmp_path / "other", {"b.png": b"B", "a.png": b"A"})

    assert one == other
    assert len(one) == 64


@pytest.mark.parametrize(
    "files",
    [
        {"a.png": b"A", "b.png": b"b"},  # a byte
        {"a.png": b"A", "c.png": b"B"},  # a name
        {"a.png": b"B", "b.png": b"A"},  # contents exchanged
        {"a.png": b"A"},  # one fewer
        {"a.png": b"A", "b.png": b"B", "c.png": b""},  # one more
        {"a.png": b"AB", "b.png": b""},  # a moved border
    ],
)
def test_any_difference_in_the_images_shows(
    tmp_path: Path, files: dict[str, bytes]
) -> None:
    one = fingerprint(tmp_path / "one", {"a.png": b"A", "b.png": b"B"})

    assert fingerprint(tmp_path / "other", files) != one


def test_any_difference_in_the_annotations_shows(tmp_path: Path) -> None:
    one = fingerprint(tmp_path / "one", {"a.png": b"A"}, truth=b"{}")

    assert fingerprint(tmp_path / "other", {"a.png": b"A"}, truth=b"{ }") != one


def test_the_digest_of_known_files_does_not_drift(tmp_path: Path) -> None:
    found = fingerprint(tmp_path / "one", {"a.png": b"A", "b.png": b"B"})

    assert found == "7a12fa713201eb41b1d732d7b26b51fa7c46f23fdc4777ae2abfe96b9ae02252"


def test_a_file_that_is_not_there_has_no_digest_and_changes_the_whole(
    tmp_path: Path,
) -> None:
    images = write_files(tmp_path / "one", {"a.png": b"A", "b.png": b""})
    whole = digest_files({}, images)
    images["b.png"].unlink()
    cut = digest_files({}, images)

    assert whole.faults == ()
    assert cut.faults == ("b.png",)
    assert cut.files == {"a.png": whole.files["a.png"], "b.png": None}
    assert cut.fingerprint != whole.fingerprint
    assert cut.fingerprint != digest_files({}, {"a.png": images["a.png"]}).fingerprint


def test_kept_digests_give_the_same_fingerprint(tmp_path: Path) -> None:
    images = write_files(tmp_path / "one", {"a.png": b"A", "b.png": b"B"})
    kept = DigestCache(tmp_path / "digests.json")

    assert digest_files({}, images, kept) == digest_files({}, images)
