"""What goes wrong with a quantised archive is seen in its number, or named."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.artifact.pack import pack_tar
from harness.artifact.sources import published_path
from harness.artifact.unpack import unpack
from harness.dataset.drawn.coco_scenes import write_coco_scenes
from harness.model.fluid.lod_tensor import read_tensor, write_tensor
from harness.pipeline.measure.measure import measure_rows
from harness.pipeline.measure.settings import Settings
from harness.registry.zoo import open_zoo
from harness.values.records import Record, Verdict

AWARE = "yolov3-mobilenet_v1-coco-quant_aware-160"
POST = "yolov3-mobilenet_v1-coco-quant_post-160"
IMAGES = 24

#: What the activations of two layers are told by.
SMALL_SCALE, LARGE_SCALE = "image.scale", "batch_norm_3.tmp_3.scale"

Change = Callable[[Path], None]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("scenes")
    write_coco_scenes(root, seed=5, count=IMAGES)
    return root


@pytest.fixture
def measure(
    request: pytest.FixtureRequest, scenes: Path, tmp_path: Path
) -> Callable[..., Record]:
    """Measure a row of the demo, its archive changed before, on the few scenes."""
    demo = open_zoo("demo", home=request.config.rootpath)

    def measure_row(row_id: str, change: Change = lambda folder: None) -> Record:
        row = demo.row(row_id)
        archive = replace(demo.archives[row.archive], sha256=None, size_bytes=None)
        path = published_path(archive.url)
        unpacked = unpack(demo.root / "archives" / path, tmp_path / "unpacked")
        folder = shutil.copytree(unpacked / archive.name, tmp_path / archive.name)
        change(folder)
        tar = tmp_path / "mirror" / path
        tar.parent.mkdir(parents=True)
        pack_tar(folder, tar)
        settings = Settings(
            cache=tmp_path / "cache",
            records=tmp_path / "records",
            data_root=scenes,
            mirror=str(tmp_path / "mirror"),
        )
        zoo = replace(demo, archives={archive.name: archive})
        (record,) = measure_rows(zoo, [row], settings)
        return record

    return measure_row


def ap_of(record: Record) -> float:
    assert record.measurements, record.reason
    return record.measurements[0].scores_pct["box_ap"]


def swap_scales(folder: Path) -> None:
    one, other = folder / SMALL_SCALE, folder / LARGE_SCALE
    values = read_tensor(one), read_tensor(other)
    assert values[0] != values[1]
    write_tensor(one, values[1])
    write_tensor(other, values[0])


def shrink_a_scale(folder: Path) -> None:
    write_tensor(folder / SMALL_SCALE, read_tensor(folder / SMALL_SCALE) / 8)


def roll_channels(folder: Path) -> None:
    path = folder / "conv2_1_sep_weights"
    write_tensor(path, np.roll(read_tensor(path), 1, axis=0))


def drop_a_scale(folder: Path) -> None:
    (folder / LARGE_SCALE).unlink()


def test_quantised_archives_as_they_are_find_objects(
    measure: Callable[..., Record],
) -> None:
    record = measure(AWARE)

    assert ap_of(record) > 50
    assert record.protocol["quantisation"]
    assert "quantisation_rounding" in record.protocol


@pytest.mark.parametrize(
    ("row_id", "change", "below"),
    [
        (AWARE, swap_scales, 45),
        (AWARE, shrink_a_scale, 45),
        (POST, roll_channels, 45),
    ],
)
def test_a_wrong_scale_or_channel_makes_the_verdict_lower(
    measure: Callable[..., Record], row_id: str, change: Change, below: float
) -> None:
    record = measure(row_id, change)

    assert record.verdict is Verdict.LOWER
    assert ap_of(record) < below


def test_a_dropped_scale_is_named(measure: Callable[..., Record]) -> None:
    record = measure(AWARE, drop_a_scale)

    assert record.verdict is Verdict.UNREADABLE
    assert LARGE_SCALE in record.reason


def test_a_float_archive_is_not_measured_as_a_quantised_row(
    measure: Callable[..., Record],
) -> None:
    def make_float(folder: Path) -> None:
        for path in folder.glob("*.scale"):
            path.unlink()

    record = measure(AWARE, make_float)

    assert record.verdict is Verdict.UNREADABLE
