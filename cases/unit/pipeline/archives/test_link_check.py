from __future__ import annotations

from dataclasses import replace

import pytest

from harness.artifact.link import Link
from harness.pipeline.archives.link_check import check_links
from harness.registry.zoo import open_zoo

NEW = "https://new.invalid/x.tar"


@pytest.fixture
def zoo(request):
    """January's zoo with one archive, pinned, that a move is known of."""
    whole = open_zoo("january-2020", home=request.config.rootpath)
    name, archive = next(iter(whole.archives.items()))
    one = replace(archive, moves=(NEW,), size_bytes=100, sha256="0" * 64)
    return replace(whole, archives={name: one})


def saying(**sizes):
    """Return what looks at addresses: by host, a size; others are dead."""

    def look(source):
        for host, size_bytes in sizes.items():
            if host in source.address:
                return Link(
                    address=source.address, state="alive", size_bytes=size_bytes
                )
        return Link(address=source.address, state="dead", reason="HTTP 404")

    return look


@pytest.mark.parametrize(
    ("sizes", "is_served", "others"),
    [
        ({"bcebos": 100, "new": 100}, True, 0),
        ({"new": 100}, True, 0),  # a known move has it
        ({"new": None}, True, 0),  # nobody tells its size
        ({"bcebos": 99, "new": 100}, False, 1),
        ({"bcebos": 101, "new": 101}, False, 2),
        ({}, False, 0),
    ],
)
def test_an_archive_is_served_when_an_address_has_it_and_none_another(
    zoo, sizes, is_served, others
):
    (checked,) = check_links(zoo, looking=saying(**sizes))

    assert len(checked.links) == 2
    assert checked.is_served is is_served
    assert len(checked.other_sizes) == others


def test_a_size_that_nobody_pinned_is_no_other(zoo):
    (name, archive), *_ = zoo.archives.items()
    unpinned = replace(
        zoo, archives={name: replace(archive, size_bytes=None, sha256=None)}
    )
    (checked,) = check_links(unpinned, looking=saying(bcebos=7))

    assert checked.is_served


def test_a_mirror_is_asked_first(zoo):
    (checked,) = check_links(
        zoo, mirror="https://mirror.invalid", looking=saying(mirror=100)
    )

    assert [one.state for one in checked.links][:1] == ["alive"]
    assert checked.is_served
