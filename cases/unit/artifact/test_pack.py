from __future__ import annotations

import os
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.artifact.pack import pack_tar
from harness.artifact.unpack import unpack
from harness.errors import UsageError
from harness.files.digest import file_sha256


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "content"
    (folder / "int").mkdir(parents=True)
    (folder / "conv1_weights").write_bytes(b"weights")
    (folder / "int/__model__").write_bytes(b"graph")
    return folder


def test_the_top_folder_is_named_like_the_archive(folder, tmp_path):
    pack_tar(folder, tmp_path / "yolov3_prune578.tar")

    with tarfile.open(tmp_path / "yolov3_prune578.tar") as tar:
        assert tar.getnames() == [
            "yolov3_prune578",
            "yolov3_prune578/conv1_weights",
            "yolov3_prune578/int",
            "yolov3_prune578/int/__model__",
        ]


def test_the_top_folder_can_be_named(folder, tmp_path):
    pack_tar(folder, tmp_path / "x.tar", top="y")

    with tarfile.open(tmp_path / "x.tar") as tar:
        assert tar.getnames()[0] == "y"


def test_the_digest_of_the_tar_is_returned(folder, tmp_path):
    digest = pack_tar(folder, tmp_path / "x.tar")

    assert digest == file_sha256(tmp_path / "x.tar")


def test_equal_files_give_equal_bytes_whoever_wrote_them_and_when(folder, tmp_path):
    first = pack_tar(folder, tmp_path / "one/x.tar")
    twin = tmp_path / "twin"
    (twin / "int").mkdir(parents=True, mode=0o700)
    (twin / "int/__model__").write_bytes(b"graph")  # in another order
    (twin / "conv1_weights").write_bytes(b"weights")
    (twin / "conv1_weights").chmod(0o600)
    os.utime(twin / "conv1_weights", (1, 1))

    assert pack_tar(twin, tmp_path / "two/x.tar") == first


def test_headers_hold_no_time_owner_or_mode(folder, tmp_path):
    pack_tar(folder, tmp_path / "x.tar")

    with tarfile.open(tmp_path / "x.tar") as tar:
        for one in tar:
            assert (one.mtime, one.uid, one.gid, one.uname, one.gname) == (
                0,
                0,
                0,
                "",
                "",
            )
            assert one.mode == (0o755 if one.isdir() else 0o644)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    st.dictionaries(
        st.text("abz.", min_size=1, max_size=130).filter(lambda name: name.strip(".")),
        st.binary(max_size=600),
        min_size=1,
        max_size=4,
    )
)
def test_what_is_packed_comes_out_again(tmp_path_factory, files):
    root = tmp_path_factory.mktemp("pack")
    folder = root / "content"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    pack_tar(folder, root / "x.tar")

    out = unpack(root / "x.tar", root / "cache") / "x"

    assert {path.name: path.read_bytes() for path in out.iterdir()} == files


def test_a_tar_that_fails_leaves_the_old_one(folder, tmp_path):
    pack_tar(folder, tmp_path / "x.tar")
    before = (tmp_path / "x.tar").read_bytes()
    (folder / "odd").symlink_to("conv1_weights")

    with pytest.raises(
        UsageError,
        match=r"/content/odd: cannot pack it; expected regular files and folders only, "
        r"got a link$",
    ):
        pack_tar(folder, tmp_path / "x.tar")

    assert (tmp_path / "x.tar").read_bytes() == before


def test_a_pipe_is_not_packed(folder, tmp_path):
    os.mkfifo(folder / "odd")

    with pytest.raises(
        UsageError, match=r"odd: cannot pack it; .* got something else$"
    ):
        pack_tar(folder, tmp_path / "x.tar")


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(
        UsageError, match=r"/none: cannot pack it; expected a folder, got none$"
    ):
        pack_tar(tmp_path / "none", tmp_path / "x.tar")


def test_a_tar_is_not_packed_into_itself(folder):
    with pytest.raises(
        UsageError,
        match=r"/content/x.tar: the tar would be packed into itself; expected a path "
        r"outside \S+/content$",
    ):
        pack_tar(folder, folder / "x.tar")
