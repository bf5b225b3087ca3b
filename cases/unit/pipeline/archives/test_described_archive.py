from dataclasses import replace
from pathlib import Path

import pytest

from harness.artifact.pack import pack_tar
from harness.artifact.unpack import unpack
from harness.errors import ArchiveUnreadable, UsageError
from harness.pipeline.archives.described_archive import describe_archive
from harness.registry.zoo import open_zoo
from harness.values.rows import Erratum, Zoo

BASELINE = "yolov3-mobilenet_v1-coco-baseline-160"
PRUNED = "yolov3-mobilenet_v1-coco-prune_r578-160"
QUANTISED = "blazeface-nas-widerface-quant_post-160"


@pytest.fixture
def demo(request: pytest.FixtureRequest) -> Zoo:
    return open_zoo("demo", home=request.config.rootpath)


def archive_of(zoo: Zoo, row_id: str) -> Path:
    url = zoo.archives[zoo.row(row_id).archive].url
    return zoo.root / "archives" / url.partition("://")[2].partition("/")[2]


def test_a_float_archive_has_layout_and_shapes_and_nothing_quantised(
    demo: Zoo,
) -> None:
    told = describe_archive(demo, demo.row(PRUNED), archive_of(demo, PRUNED))

    assert (told.layout, told.shape_plan) == ("separate_files", "prune_r578")
    assert (told.quantisation, told.convolutions, told.notes) == (None, (), ())
    assert told.ignored_files == ()


def test_a_quantised_archive_tells_how_and_which_layers(demo: Zoo) -> None:
    told = describe_archive(demo, demo.row(QUANTISED), archive_of(demo, QUANTISED))

    assert told.quantisation
    assert len(told.convolutions) > 10
    assert told.notes


def test_a_folder_is_described_with_the_files_that_no_variable_needs(
    demo: Zoo, tmp_path: Path
) -> None:
    folder = unpack(archive_of(demo, BASELINE), tmp_path / "cache")
    (inner,) = folder.iterdir()
    (inner / "learning_rate").write_bytes((inner / "conv1_weights").read_bytes())
    packed = tmp_path / "own.tar"
    pack_tar(inner, packed)
    row = demo.row(BASELINE)

    told = describe_archive(demo, row, packed)
    assert told.ignored_files == ("learning_rate",)
    assert describe_archive(demo, row, inner) == told


def test_the_strategy_that_an_erratum_holds_possible_is_described(demo: Zoo) -> None:
    row = replace(demo.row(PRUNED), strategy="prune_sensity")
    doubt = Erratum(
        erratum_id="E9",
        field="strategy",
        rows=(PRUNED,),
        printed="sensity",
        corrected="r578",
        changes_run=False,
        evidence=("another page",),
    )
    path = archive_of(demo, PRUNED)

    with pytest.raises(ArchiveUnreadable, match=rf"^{path.name}: "):
        describe_archive(demo, row, path)
    told = describe_archive(replace(demo, errata=(doubt,)), row, path)
    assert told.shape_plan == "prune_r578"


def test_nothing_cannot_be_described(demo: Zoo, tmp_path: Path) -> None:
    with pytest.raises(
        UsageError,
        match=r"^no archive .*none.tar; expected a tar archive or a folder; give --",
    ):
        describe_archive(demo, demo.row(BASELINE), tmp_path / "none.tar")
