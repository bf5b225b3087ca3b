import pytest

from harness.files.atomic import replacing, write_bytes, write_text


def names(folder):
    return sorted(one.name for one in folder.iterdir())


def test_a_file_is_written_and_its_folder_made(tmp_path):
    write_bytes(tmp_path / "deep" / "er" / "a.bin", b"\x00\x01")

    assert (tmp_path / "deep" / "er" / "a.bin").read_bytes() == b"\x00\x01"


def test_text_is_utf8_with_the_line_ends_it_was_given(tmp_path):
    write_text(tmp_path / "a.md", "模型\nb\r\n")

    assert (tmp_path / "a.md").read_bytes() == "模型\nb\r\n".encode()


def test_a_written_file_is_for_everybody_to_read(tmp_path):
    write_bytes(tmp_path / "a", b"1")

    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("before", [None, b"old"])
def test_a_block_that_raises_leaves_everything_as_it_was(tmp_path, before):
    path = tmp_path / "a"
    if before is not None:
        path.write_bytes(before)

    def write_half():
        with replacing(path) as beside:
            beside.write_bytes(b"half")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        write_half()

    assert names(tmp_path) == ([] if before is None else ["a"])
    assert before is None or path.read_bytes() == before


def test_the_old_content_is_there_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    with replacing(path) as beside:
        beside.write_bytes(b"new")
        assert path.read_bytes() == b"old"
        assert beside.parent == tmp_path  # a rename is atomic within a file system

    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["a"]


def test_a_file_does_not_take_the_place_of_a_folder(tmp_path):
    (tmp_path / "a").mkdir()

    with pytest.raises(IsADirectoryError):
        write_bytes(tmp_path / "a", b"1")

    assert names(tmp_path) == ["a"]
