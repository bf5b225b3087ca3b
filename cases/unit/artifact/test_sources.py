from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.artifact.sources import list_sources, published_path
from harness.errors import UsageError, ZooDataError
from harness.values.rows import Archive

PRINTED = "https://models.example/PaddleSlim/prune/x.tar"
MOVED = "https://models.example/PaddleSlim/prune/moved_x.tar"
ARCHIVE = Archive(name="x", url=PRINTED, moves=(MOVED,))


def addresses(archive: Archive, mirror: str | None, *, offline: bool = False) -> list:
    found = list_sources(archive, mirror=mirror, offline=offline)
    return [source.address for source in found]


def test_without_a_mirror_the_printed_address_comes_before_the_moves():
    assert addresses(ARCHIVE, None) == [PRINTED, MOVED]


def test_a_mirror_is_asked_for_every_path_before_any_host():
    found = list_sources(ARCHIVE, mirror="http://127.0.0.1:8000/zoo/", offline=False)

    assert [source.address for source in found] == [
        "http://127.0.0.1:8000/zoo/PaddleSlim/prune/x.tar",
        "http://127.0.0.1:8000/zoo/PaddleSlim/prune/moved_x.tar",
        PRINTED,
        MOVED,
    ]
    assert [source.origin for source in found] == [
        "mirror",
        "mirror",
        "printed",
        "moved",
    ]


def test_a_mirror_on_localhost_without_a_port_is_one():
    found = addresses(ARCHIVE, "http://localhost")

    assert found[0] == "http://localhost/PaddleSlim/prune/x.tar"


def test_a_folder_is_a_mirror(tmp_path: Path):
    source = list_sources(ARCHIVE, mirror=str(tmp_path), offline=False)[0]

    assert source.is_local
    assert source.path == tmp_path / "PaddleSlim/prune/x.tar"


def test_a_file_url_is_a_mirror(tmp_path: Path):
    source = list_sources(ARCHIVE, mirror=tmp_path.as_uri(), offline=False)[0]

    assert source.path == tmp_path / "PaddleSlim/prune/x.tar"


def test_a_relative_folder_is_taken_from_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)

    source = list_sources(ARCHIVE, mirror="my mirror", offline=True)[0]

    assert source.path == tmp_path / "my mirror/PaddleSlim/prune/x.tar"


def test_offline_leaves_only_files_of_this_machine(tmp_path: Path):
    assert addresses(ARCHIVE, "http://127.0.0.1:8000", offline=True) == []
    assert addresses(ARCHIVE, str(tmp_path), offline=True) == [
        (tmp_path / "PaddleSlim/prune/x.tar").as_uri(),
        (tmp_path / "PaddleSlim/prune/moved_x.tar").as_uri(),
    ]


def test_an_address_is_tried_once():
    assert addresses(ARCHIVE, "https://models.example") == [PRINTED, MOVED]


def test_a_query_goes_along_to_a_web_mirror_only(tmp_path: Path):
    archive = Archive(name="x", url="https://models.example/get/x.tar?v=2")

    assert addresses(archive, "http://m.example")[0] == "http://m.example/get/x.tar?v=2"
    assert addresses(archive, str(tmp_path))[0].endswith("/get/x.tar")


@pytest.mark.parametrize("mirror", ["ftp://m.example/zoo", "http:///zoo", "file://h/z"])
def test_a_mirror_of_another_kind_is_refused(mirror: str):
    with pytest.raises(
        UsageError,
        match=r"^mirror; expected an http, https or file URL, or a folder, "
        rf"got {mirror}$",
    ):
        list_sources(ARCHIVE, mirror=mirror, offline=False)


def test_a_mirror_that_is_no_address_at_all_is_refused():
    with pytest.raises(UsageError, match=r"or a folder, got http://\[1$"):
        list_sources(ARCHIVE, mirror="http://[1", offline=False)


@pytest.mark.parametrize(
    "mirror", ["https://me:hush@m.example", "https://m.example/?token=hush"]
)
def test_a_mirror_that_holds_a_secret_is_refused_without_showing_it(mirror: str):
    with pytest.raises(
        UsageError,
        match=r"^mirror; expected an address without user, password, query or "
        r"fragment; records keep the address of a source, so it must hold no secret$",
    ) as refused:
        list_sources(ARCHIVE, mirror=mirror, offline=False)

    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "x.tar",
        "ftp://h.example/x.tar",
        "https://h.example",
        "https://h.example/",
        "https://h.example/a/../../x.tar",
        "https://h.example/%2e%2e/x.tar",
        "https://h.example/a%5Cx.tar",
        "https://h.example/a%00x.tar",
        "https://h.example/a b.tar",
        "https://me:hush@h.example/x.tar",
        "https://[1/x.tar",
        "https:///x.tar",
        "file://h.example/x.tar",
    ],
)
def test_an_address_that_names_no_file_is_refused(url: str):
    with pytest.raises(
        ZooDataError,
        match=r"^address of an archive; expected an http, https or file URL that names "
        r"a file, got '.*'; correct it in the zoo's TOML$",
    ):
        list_sources(Archive(name="x", url=url), mirror=None, offline=False)


@given(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=4))
def test_no_address_leads_out_of_a_folder_that_is_a_mirror(segments: list[str]):
    url = "https://h.example/" + "/".join(segments)
    try:
        path = published_path(url)
    except ZooDataError:
        return
    root = Path("/mirror")

    assert (root / path).is_relative_to(root)
    assert ".." not in (root / path).parts


def test_a_folder_whose_name_looks_like_a_drive_is_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    for mirror in ("a:b", "h://x", "~/zoo"):
        source = list_sources(ARCHIVE, mirror=mirror, offline=False)[0]
        assert source.is_local
        assert source.path == (
            Path(mirror).expanduser().absolute() / "PaddleSlim/prune/x.tar"
        )


@pytest.mark.parametrize("mirror", ["file:///zoo", "file://localhost/zoo/"])
def test_a_file_url_may_name_this_machine(mirror: str):
    source = list_sources(ARCHIVE, mirror=mirror, offline=True)[0]

    assert source.path == Path("/zoo/PaddleSlim/prune/x.tar")


def test_a_path_is_quoted_on_a_mirror_and_plain_on_disk(tmp_path: Path):
    archive = Archive(name="x", url="https://h.example/a%20b/x%25.tar?v=1")

    assert addresses(archive, "http://m.example/zoo") == [
        "http://m.example/zoo/a%20b/x%25.tar?v=1",
        archive.url,
    ]
    (source,) = list_sources(archive, mirror=str(tmp_path), offline=True)
    assert source.path == tmp_path / "a b/x%.tar"
    assert published_path(archive.url) == "a b/x%.tar"


@pytest.mark.parametrize(
    "mirror", ["https://m.example/#hush", "https://me@m.example", "file:///zoo?hush"]
)
def test_a_mirror_has_no_part_that_may_be_secret(mirror: str):
    with pytest.raises(UsageError, match="without user, password, query or fragment"):
        list_sources(ARCHIVE, mirror=mirror, offline=False)


@pytest.mark.parametrize(
    "url",
    [
        "https://h.example/x\u00e4.tar",
        "https://h.example/a//x.tar",
        "https://h.example/./x.tar",
        "https://h.example/x\x7f.tar",
    ],
)
def test_an_address_that_reads_two_ways_is_refused(url: str):
    with pytest.raises(ZooDataError, match="correct it in the zoo's TOML"):
        published_path(url)


def test_a_moved_address_is_checked_before_any_is_asked():
    archive = Archive(name="x", url=PRINTED, moves=("ftp://h.example/x.tar",))

    with pytest.raises(ZooDataError, match=r"got 'ftp://h\.example/x\.tar'"):
        list_sources(archive, mirror=None, offline=False)
