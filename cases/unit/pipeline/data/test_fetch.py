"""Datasets brought to a data root from a server of this machine."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import shutil
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.artifact.server import serve_folder
from harness.errors import (
    ArchiveUnavailable,
    ArchiveUnreadable,
    DatasetInvalid,
    UsageError,
    WrongArchive,
)
from harness.pipeline.data import fetch as data_fetch
from harness.pipeline.data.fetch import FOLDER, DataWatcher, FetchPlan, fetch_data
from harness.registry.dataset_sources import DataPart

IMAGES = {f"val2017/{k}.jpg": b"image %d" % k for k in range(3)}
LISTS = {
    "annotations/instances_val2017.json": b"{}",
    "annotations/captions_val2017.json": b"not wanted",
}
VOC = {
    "VOCdevkit/VOC2007/ImageSets/Main/test.txt": b"000001\n000002\n",
    "VOCdevkit/VOC2007/JPEGImages/000001.jpg": b"1",
    "VOCdevkit/VOC2007/JPEGImages/000002.jpg": b"2",
    "VOCdevkit/VOC2007/Annotations/000001.xml": b"<1>",
    "VOCdevkit/VOC2007/Annotations/000002.xml": b"<2>",
    "VOCdevkit/VOC2007/SegmentationClass/000001.png": b"not wanted",
}


def zip_of(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def tar_of(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def part(url: str, content: bytes, **fields: Any) -> DataPart:
    given = {
        "dataset": "coco",
        "name": "val2017",
        "split": "val",
        "holds": "3 images",
        "url": url,
        "mirrors": (),
        "size_bytes": len(content),
        "digests": (f"md5:{hashlib.md5(content).hexdigest()}",),
        "below": "coco",
        "takes": ("val2017",),
        "files": {"coco/val2017": 3},
        "list_path": None,
        "listed": (),
    }
    return DataPart(**{**given, **fields})


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Callable[[str, bytes], str]]:
    """Serve bytes under a name; gives their address."""
    folder = tmp_path / "served"
    folder.mkdir()
    with serve_folder(folder) as base:

        def serve(name: str, content: bytes) -> str:
            (folder / name).write_bytes(content)
            return f"{base}/{name}"

        yield serve


@pytest.fixture
def plan(tmp_path: Path) -> FetchPlan:
    return FetchPlan(data_root=tmp_path / "root", cache=tmp_path / "cache")


@pytest.fixture
def coco(served: Any) -> DataPart:
    content = zip_of(IMAGES)
    return part(served("val2017.zip", content), content)


@pytest.fixture
def voc(served: Any) -> DataPart:
    content = tar_of(VOC)
    main = "VOCdevkit/VOC2007"
    return part(
        served("VOCtest.tar", content),
        content,
        dataset="voc",
        name="test2007",
        split="test",
        below=".",
        takes=(f"{main}/Annotations", f"{main}/ImageSets/Main", f"{main}/JPEGImages"),
        files={f"{main}/ImageSets/Main/test.txt": 1},
        list_path=f"{main}/ImageSets/Main/test.txt",
        listed=(f"{main}/JPEGImages/{{}}.jpg", f"{main}/Annotations/{{}}.xml"),
    )


def read(folder: Path) -> dict[str, bytes]:
    return {
        one.relative_to(folder).as_posix(): one.read_bytes()
        for one in folder.rglob("*")
        if one.is_file()
    }


def test_images_come_to_their_place_and_the_archive_goes(
    coco: DataPart, plan: FetchPlan
) -> None:
    (got,) = fetch_data([coco], plan)

    assert (got.was_present, got.source, got.refusal) == (False, coco.url, None)
    assert read(plan.data_root) == {f"coco/{name}": one for name, one in IMAGES.items()}
    assert not (plan.cache / FOLDER / "val2017.zip").exists()


def test_an_archive_is_kept_when_asked_for(coco: DataPart, plan: FetchPlan) -> None:
    fetch_data([coco], replace(plan, keep=True))

    assert (plan.cache / FOLDER / "val2017.zip").is_file()


def test_a_tar_brings_what_its_list_names_and_nothing_else(
    voc: DataPart, plan: FetchPlan
) -> None:
    fetch_data([voc], plan)

    wanted = {name: one for name, one in VOC.items() if "Segmentation" not in name}
    assert read(plan.data_root) == wanted


def test_one_archive_serves_two_parts_with_one_download(
    served: Any, plan: FetchPlan
) -> None:
    content = zip_of({**LISTS, **IMAGES})
    url = served("both.zip", content)
    lists = part(
        url,
        content,
        name="annotations",
        takes=("annotations/instances_val2017.json",),
        files={"coco/annotations/instances_val2017.json": 1},
    )
    got = fetch_data([part(url, content), lists], plan)

    assert sorted(read(plan.data_root)) == [
        "coco/annotations/instances_val2017.json",
        *(f"coco/{name}" for name in IMAGES),
    ]
    kept = plan.cache / FOLDER / "both.zip"
    assert [one.source for one in got] == [url, kept.absolute().as_uri()]


def test_what_is_there_and_complete_is_not_asked_for(
    coco: DataPart, plan: FetchPlan
) -> None:
    fetch_data([coco], plan)
    before = {one: one.stat() for one in plan.data_root.rglob("*")}

    (again,) = fetch_data([replace(coco, url="http://127.0.0.1:1/val2017.zip")], plan)

    assert (again.was_present, again.refusal) == (True, None)
    assert {one: one.stat() for one in plan.data_root.rglob("*")} == before


def test_what_is_missing_is_filled_and_the_rest_untouched(
    coco: DataPart, plan: FetchPlan
) -> None:
    mine = plan.data_root / "coco" / "val2017" / "1.jpg"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(IMAGES["val2017/1.jpg"])
    before = mine.stat()

    fetch_data([coco], plan)

    assert mine.stat() == before
    assert len(read(plan.data_root)) == 3


def test_a_file_of_other_bytes_is_never_replaced(
    coco: DataPart, plan: FetchPlan
) -> None:
    mine = plan.data_root / "coco" / "val2017" / "1.jpg"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")

    (got,) = fetch_data([coco], plan)

    assert isinstance(got.refusal, DatasetInvalid)
    assert str(got.refusal).startswith("val2017.zip: 1 of 3 files are in ")
    assert read(plan.data_root) == {"coco/val2017/1.jpg": b"mine"}


def test_a_broken_download_is_gone_on_with(coco: DataPart, plan: FetchPlan) -> None:
    content = zip_of(IMAGES)
    folder = plan.cache / FOLDER
    folder.mkdir(parents=True)
    (folder / ".val2017.zip.part").write_bytes(content[:200])
    seen: list[int] = []
    watcher = DataWatcher(fetching=lambda name: lambda done, total: seen.append(done))

    fetch_data([coco], replace(plan, watcher=watcher))

    assert seen == [len(content)]
    assert len(read(plan.data_root)) == 3


def test_unpacking_is_told(coco: DataPart, plan: FetchPlan) -> None:
    told: list[tuple[str, int]] = []
    watcher = DataWatcher(unpacking=lambda name, files: told.append((name, files)))

    fetch_data([coco], replace(plan, watcher=watcher))

    assert told == [("val2017.zip", 1), ("val2017.zip", 2), ("val2017.zip", 3)]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (zip_of({"val2017/../../evil.jpg": b"x"}), ArchiveUnreadable),
        (zip_of({"val2017/0.jpg": b"x"}), DatasetInvalid),
    ],
    ids=["leads outside", "not the whole part"],
)
def test_an_archive_that_is_not_right_leaves_nothing_half_written(
    served: Any, plan: FetchPlan, content: bytes, kind: type[Exception]
) -> None:
    (got,) = fetch_data([part(served("val2017.zip", content), content)], plan)

    assert isinstance(got.refusal, kind)
    assert not list(plan.data_root.glob(".zoo-data-*"))
    assert "evil.jpg" not in str(read(plan.data_root))


def test_bytes_that_are_not_the_published_ones_are_not_unpacked(
    coco: DataPart, plan: FetchPlan
) -> None:
    (got,) = fetch_data([replace(coco, digests=(f"md5:{'0' * 32}",))], plan)

    assert isinstance(got.refusal, WrongArchive)
    assert not plan.data_root.exists()


def test_what_one_part_refuses_does_not_stop_the_others(
    coco: DataPart, voc: DataPart, plan: FetchPlan
) -> None:
    gone = replace(coco, url="http://127.0.0.1:1/val2017.zip")

    first, second = fetch_data([gone, voc], plan)

    assert isinstance(first.refusal, ArchiveUnavailable)
    assert second.refusal is None


def test_offline_without_a_mirror_nothing_comes(
    coco: DataPart, plan: FetchPlan
) -> None:
    (got,) = fetch_data([coco], replace(plan, offline=True))

    assert "not on this machine, and offline" in str(got.refusal)


def test_a_mirror_folder_serves_offline(
    coco: DataPart, plan: FetchPlan, tmp_path: Path
) -> None:
    moved = replace(coco, url="http://images.example/val2017.zip")
    mirror = str(tmp_path / "served")

    (got,) = fetch_data([moved], replace(plan, mirror=mirror, offline=True))

    assert got.source == (tmp_path / "served" / "val2017.zip").as_uri()


def test_a_full_disk_is_told_before_the_first_byte(
    coco: DataPart, plan: FetchPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = SimpleNamespace(free=2_000_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    large = replace(coco, size_bytes=1_500_000_000)

    with pytest.raises(UsageError, match=r"expected 3\.00 GB free, got 2\.00 GB"):
        fetch_data([large], plan)
    assert list((plan.cache / FOLDER).glob("*.zip")) == []


def test_what_was_fetched_already_needs_no_room(
    coco: DataPart, plan: FetchPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = plan.cache / FOLDER
    folder.mkdir(parents=True)
    (folder / ".val2017.zip.part").write_bytes(zip_of(IMAGES)[:200])
    needs: list[dict[Path, int]] = []
    monkeypatch.setattr(data_fetch, "demand_room", needs.append)

    fetch_data([coco], plan)

    assert coco.size_bytes is not None
    assert needs[0] == {folder: coco.size_bytes - 200, plan.data_root: coco.size_bytes}
    assert needs[1] == {plan.data_root: sum(map(len, IMAGES.values()))}


def test_a_data_root_that_cannot_be_written_is_a_usage_error(
    coco: DataPart, plan: FetchPlan
) -> None:
    plan.data_root.write_bytes(b"a file")

    with pytest.raises(
        UsageError, match=r"the data root cannot be written; .* another --data-root"
    ):
        fetch_data([coco], plan)


def test_a_refusal_of_the_file_system_without_a_number_is_told_in_its_words(
    coco: DataPart, plan: FetchPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("the folder is gone")

    monkeypatch.setattr(data_fetch, "folder_in", refuse)

    with pytest.raises(
        UsageError, match=r"cannot be written; .*, got the folder is gone"
    ):
        fetch_data([coco], plan)


def test_two_fetches_at_once_make_one(coco: DataPart, plan: FetchPlan) -> None:
    fetched: list[Any] = []
    threads = [
        threading.Thread(target=lambda: fetched.extend(fetch_data([coco], plan)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(one.was_present for one in fetched) == [False, True, True]
    assert [one.refusal for one in fetched] == [None] * 3


@pytest.mark.parametrize("digests", [(), ("md5:" + "0" * 32,)], ids=["no", "yes"])
def test_half_a_transfer_stays_only_if_it_can_be_gone_on_with(
    tmp_path: Path, digests: tuple[str, ...]
) -> None:
    """Without a digest nothing tells whether two halves belong together."""
    wanted = part("https://data.example/val2017.zip", b"12", digests=digests)
    folder = tmp_path / "cache" / FOLDER
    folder.mkdir(parents=True)
    half = folder / ".val2017.zip.part"
    half.write_bytes(b"1")
    plan = FetchPlan(
        data_root=tmp_path / "data", cache=tmp_path / "cache", offline=True
    )

    (fetched,) = fetch_data([wanted], plan)

    assert isinstance(fetched.refusal, ArchiveUnavailable)
    assert half.exists() == bool(digests)


def test_what_a_killed_fetch_unpacked_is_swept_and_other_files_stay(
    tmp_path: Path,
) -> None:
    data_root = tmp_path / "data"
    left = data_root / ".zoo-data.12345678.zoo-new" / "content"
    left.mkdir(parents=True)
    os.utime(left.parent, (1_000_000_000, 1_000_000_000))
    mine = data_root / ".mine"
    mine.mkdir()
    wanted = part("https://data.example/val2017.zip", b"12")

    fetch_data(
        [wanted],
        FetchPlan(data_root=data_root, cache=tmp_path / "cache", offline=True),
    )

    assert [one.name for one in data_root.iterdir()] == [".mine"]


def test_where_each_part_came_from_is_logged(
    coco: DataPart, plan: FetchPlan, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="harness.pipeline.data"):
        fetch_data([coco], plan)
        fetch_data([coco], plan)
        fetch_data([replace(coco, files={"coco/none": 1})], replace(plan, offline=True))

    first, second, third = caplog.messages
    assert first == f"val2017 of coco: from {coco.url}"
    assert second == "val2017 of coco: there already"
    assert third.startswith("val2017 of coco: ")
    assert "offline" in third
