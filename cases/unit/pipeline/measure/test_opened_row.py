import logging
from dataclasses import replace
from pathlib import Path

import pytest

from harness.artifact.pack import pack_tar
from harness.artifact.unpack import unpack
from harness.errors import ArchiveUnavailable, ArchiveUnreadable, WrongArchive
from harness.pipeline.measure.opened_row import (
    doubted_strategies,
    open_row,
    told_source,
)
from harness.pipeline.measure.settings import Settings
from harness.registry.zoo import open_zoo
from harness.values.rows import Archive, Erratum, Row, Zoo

PRUNED = "yolov3-mobilenet_v1-coco-prune_r578-160"


@pytest.fixture
def zoo(request: pytest.FixtureRequest) -> Zoo:
    return open_zoo("demo", home=request.config.rootpath)


@pytest.fixture
def settings(zoo: Zoo, tmp_path: Path) -> Settings:
    return Settings(
        cache=tmp_path / "cache",
        records=tmp_path / "records",
        data_root=None,
        mirror=str(zoo.root / "archives"),
        offline=True,
    )


def doubting(row: Row, *corrections: str) -> tuple[Erratum, ...]:
    return tuple(
        Erratum(
            erratum_id=f"E{number}",
            field="strategy",
            rows=(row.row_id,),
            printed="r578",
            corrected=corrected,
            changes_run=False,
            evidence=("another page says so",),
        )
        for number, corrected in enumerate(corrections, start=5)
    )


def test_an_opened_row_tells_what_was_really_opened(
    zoo: Zoo, settings: Settings
) -> None:
    row = zoo.row(PRUNED)
    opened = open_row(zoo, row, settings)

    pinned = zoo.archives[row.archive]
    assert opened.row is row
    assert opened.used.name == row.archive
    assert opened.used.source.endswith(f"PaddleSlim/prune/{row.archive}.tar")
    assert opened.used.sha256 == pinned.sha256
    assert opened.used.size_bytes == pinned.size_bytes
    assert opened.used.layout == "separate_files"
    assert opened.used.shape_plan == "prune_r578"
    assert opened.used.ignored_files == ()


def test_a_taught_pruned_row_has_the_shapes_of_its_pruning(
    zoo: Zoo, settings: Settings
) -> None:
    taught = replace(zoo.row(PRUNED), strategy="distill_prune_r578")

    assert open_row(zoo, taught, settings).used.shape_plan == "prune_r578"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("https://a.example/zoo/x.tar", "https://a.example/zoo/x.tar"),
        ("https://b.example/later/x.tar", "https://b.example/later/x.tar"),
        ("http://127.0.0.1:40123/zoo/x.tar", "mirror:zoo/x.tar"),
        ("file:///home/somebody/mirror/later/x.tar", "mirror:later/x.tar"),
        ("file:///home/somebody/cache/1234", "mirror"),
    ],
    ids=["printed", "moved", "a port of today", "a folder", "a cache without a note"],
)
def test_a_source_is_told_without_what_only_this_machine_knows(
    source: str, told: str
) -> None:
    archive = Archive(
        name="x",
        url="https://a.example/zoo/x.tar",
        moves=("https://b.example/later/x.tar",),
    )

    assert told_source(archive, source) == told


def test_what_is_not_built_yet_is_named_before_anything_is_fetched(
    zoo: Zoo, settings: Settings
) -> None:
    row = replace(zoo.row(PRUNED), backbone="resnet18")

    with pytest.raises(
        ArchiveUnreadable,
        match=r"no network yolov3-resnet18 in this version; .*not downloaded",
    ):
        open_row(zoo, row, settings)
    assert not settings.cache.exists()


def test_shapes_of_another_strategy_are_refused(zoo: Zoo, settings: Settings) -> None:
    row = replace(zoo.row(PRUNED), strategy="prune_sensity")

    with pytest.raises(
        ArchiveUnreadable,
        match=rf"{row.archive}\.tar: .*output channels; expected .*prune_sensity.*, "
        r"got .*prune_r578",
    ):
        open_row(zoo, row, settings)


def test_shapes_that_an_erratum_holds_possible_are_accepted(
    zoo: Zoo, settings: Settings
) -> None:
    row = replace(zoo.row(PRUNED), strategy="prune_sensity")
    doubted = replace(zoo, errata=doubting(row, "r578"))

    assert open_row(doubted, row, settings).used.shape_plan == "prune_r578"


def test_only_errata_of_the_strategy_and_row_are_doubts(zoo: Zoo) -> None:
    row = zoo.row(PRUNED)
    (strategy,) = doubting(row, "sensity")
    errata = (
        strategy,
        replace(strategy, erratum_id="E6", field="input_px", corrected="608"),
        replace(strategy, erratum_id="E7", rows=(zoo.rows[0].row_id,)),
    )

    assert doubted_strategies(replace(zoo, errata=errata), row) == ("prune_sensity",)


def test_another_digest_than_the_pinned_one_is_refused(
    zoo: Zoo, settings: Settings
) -> None:
    row = zoo.row(PRUNED)
    archive = replace(zoo.archives[row.archive], sha256="0" * 64)
    pinned = replace(zoo, archives={**zoo.archives, row.archive: archive})

    with pytest.raises(WrongArchive, match="0" * 64):
        open_row(pinned, row, settings)


def test_without_a_source_the_tried_ones_are_listed(
    zoo: Zoo, settings: Settings, tmp_path: Path
) -> None:
    nowhere = replace(settings, mirror=str(tmp_path))

    with pytest.raises(ArchiveUnavailable, match=str(tmp_path)):
        open_row(zoo, zoo.row(PRUNED), nowhere)


def test_the_source_of_an_archive_is_logged_without_the_places_of_this_machine(
    zoo: Zoo, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger=open_row.__module__)
    used = open_row(zoo, zoo.rows[0], settings).used

    assert caplog.messages == [
        f"{zoo.rows[0].row_id}: archive from {used.source}",
        f"{zoo.rows[0].row_id}: layout {used.layout}, shapes of {used.shape_plan}",
    ]
    assert used.source.startswith("mirror:")


def test_a_file_that_no_variable_needs_is_named(
    zoo: Zoo, settings: Settings, tmp_path: Path
) -> None:
    row = zoo.row(PRUNED)
    archive = zoo.archives[row.archive]
    path = archive.url.partition("://")[2].partition("/")[2]
    folder = unpack(zoo.root / "archives" / path, tmp_path / "unpacked")
    (inner,) = folder.iterdir()
    (inner / "learning_rate").write_bytes((inner / "conv1_weights").read_bytes())
    (tmp_path / "mirror" / path).parent.mkdir(parents=True)
    pack_tar(inner, tmp_path / "mirror" / path)
    unpinned = replace(archive, sha256=None, size_bytes=None)
    own = replace(zoo, archives={**zoo.archives, row.archive: unpinned})

    here = replace(settings, mirror=str(tmp_path / "mirror"))
    assert open_row(own, row, here).used.ignored_files == ("learning_rate",)
