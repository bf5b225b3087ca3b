from dataclasses import replace
from pathlib import Path

import pytest

from harness.artifact.pack import pack_tar
from harness.artifact.unpack import unpack
from harness.errors import ArchiveUnreadable, UsageError
from harness.pipeline.archives.described_archive import describe_archive
from harness.registry.zoo import open_zoo
from harness.train.manifest import (
    FILE_NAME,
    Manifest,
    TrainingSetUsed,
    manifest_bytes,
)
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


def trained_archive(demo: Zoo, tmp_path: Path, content: bytes) -> Path:
    """Pack the demo's baseline again with what it says of its making."""
    folder = unpack(archive_of(demo, BASELINE), tmp_path / "cache")
    (inner,) = folder.iterdir()
    (inner / FILE_NAME).write_bytes(content)
    packed = tmp_path / "own.tar"
    pack_tar(inner, packed)
    return packed


def test_an_archive_that_was_trained_here_tells_how(demo: Zoo, tmp_path: Path) -> None:
    said = Manifest(
        format=1,
        archive="own",
        recipe_id="demo/own",
        recipe_sha256="1" * 64,
        recipe={},
        subject_sha256="2" * 64,
        seed=7,
        batch=8,
        steps=90,
        of_steps=100,
        origins=(),
        training_set=TrainingSetUsed(
            dataset="coco",
            split="train2017",
            fingerprint="3" * 64,
            image_count=8,
            listed_count=8,
        ),
        versions={},
        device="cpu",
        device_model="m",
        losses=(),
        scores=(),
        notes=(),
    )
    packed = trained_archive(demo, tmp_path, manifest_bytes(said))
    told = describe_archive(demo, demo.row(BASELINE), packed)

    assert told.manifest == said
    assert told.manifest_fault is None
    assert told.ignored_files == ()


def test_what_it_says_in_other_words_is_told_and_the_rest_described(
    demo: Zoo, tmp_path: Path
) -> None:
    packed = trained_archive(demo, tmp_path, b"{")
    told = describe_archive(demo, demo.row(BASELINE), packed)

    assert told.manifest is None
    assert told.manifest_fault is not None
    assert told.manifest_fault.startswith("trained.json: not a manifest")
    assert told.layout == "separate_files"
