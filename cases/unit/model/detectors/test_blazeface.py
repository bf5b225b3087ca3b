import pickle
import shutil

import numpy as np
import pytest

from harness.errors import ArchiveUnreadable
from harness.model.detectors.archive_heads import plain_heads
from harness.model.detectors.blazeface import open_blazeface
from harness.model.fluid.lod_tensor import read_tensor, write_tensor

#: Of an output's largest value: what fusing layers may differ by (8e-6 was measured).
AGREES = 1e-4


@pytest.fixture
def folder(face_folders, tmp_path):
    """The NAS archive, to be changed."""
    return shutil.copytree(face_folders["nas"], tmp_path / "blazeface_nas")


def test_every_variable_of_the_old_runtimes_archive_is_read(opened_faces, face_folders):
    for edition, opened in opened_faces.items():
        assert opened.network.edition == edition
        assert opened.ignored_files == ()
        assert len(opened.weights) == len(list(face_folders[edition].iterdir()))


def one_file(folder, names):
    content = b"".join((folder / name).read_bytes() for name in sorted(names))
    return "parameters", content


def pickled(folder, names):
    arrays = {name: np.array(read_tensor(folder / name)) for name in names}
    return "model_final.pdparams", pickle.dumps(arrays, protocol=2)


@pytest.mark.parametrize(
    ("layout", "pack"), [("combined_file", one_file), ("pdparams", pickled)]
)
def test_faces_are_read_in_other_layouts_too(layout, pack, opened_faces, folder):
    expected = opened_faces["nas"]
    name, content = pack(folder, expected.weights)
    (folder / "packed").mkdir()
    (folder / "packed" / name).write_bytes(content)

    opened = open_blazeface(folder / "packed", edition="nas")

    assert (expected.layout, opened.layout) == ("separate_files", layout)
    assert all(
        np.array_equal(opened.weights[one], value)
        for one, value in expected.weights.items()
    )


def test_a_depthwise_second_convolution_is_named(folder):
    path = folder / "double_blaze_02_dw_weights"
    write_tensor(path, read_tensor(path)[:, :1])

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^1 variables have another shape; got double_blaze_02_dw_weights "
        r"\(16, 16, 5, 5\) is \(16, 1, 5, 5\)$",
    ):
        open_blazeface(folder, edition="nas")


def test_outputs_in_another_order_are_named(folder):
    boxes, classes = (folder / f"conv2d_{number}.w_0" for number in (19, 20))
    values = read_tensor(boxes), read_tensor(classes)
    for path, value in zip((classes, boxes), values, strict=True):
        write_tensor(path, value)

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^2 variables have another shape; got conv2d_19\.w_0 \(8, 24, 3, 3\) is "
        r"\(4, 24, 3, 3\), conv2d_20\.w_0 ",
    ):
        open_blazeface(folder, edition="nas")


def test_outputs_under_other_numbers_are_named(folder):
    for kind in ("w_0", "b_0"):
        (folder / f"conv2d_22.{kind}").rename(folder / f"conv2d_44.{kind}")

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^2 of 138 variables have no file; expected conv2d_22\.w_0, "
        r"conv2d_22\.b_0, got files of no variable: conv2d_44\.b_0, conv2d_44\.w_0$",
    ):
        open_blazeface(folder, edition="nas")


def test_a_batch_norm_of_another_block_is_named(folder):
    shutil.copyfile(folder / "batch_norm_25.w_1", folder / "batch_norm_7.w_1")

    with pytest.raises(
        ArchiveUnreadable, match=r"batch_norm_7\.w_1 \(12,\) is \(72,\)$"
    ):
        open_blazeface(folder, edition="nas")


def test_the_archive_of_another_edition_is_refused(face_folders):
    with pytest.raises(
        ArchiveUnreadable, match=r"of 228 variables have no file; expected .*conv2_dw"
    ):
        open_blazeface(face_folders["nas"], edition="lite")


def test_another_width_is_refused(face_folders):
    with pytest.raises(ArchiveUnreadable, match=r"variables have another shape"):
        open_blazeface(face_folders["original"], edition="original")


def test_what_a_training_program_saves_too_is_ignored_and_listed(folder):
    shutil.copyfile(folder / "conv1_weights", folder / "conv1_weights_mean_grad_0")

    opened = open_blazeface(folder, edition="nas")

    assert opened.ignored_files == ("conv1_weights_mean_grad_0",)


def test_plain_and_optimised_heads_agree_at_any_size(opened_faces, built_heads):
    opened = opened_faces["lite"]
    plain, optimised = plain_heads(opened), built_heads("lite", opened)
    rng = np.random.default_rng(3)
    for sides in ((33, 47), (64, 64), (17, 90)):
        images = rng.normal(0, 0.6, (2, 3, *sides)).astype(np.float32)

        for one, other in zip(plain(images), optimised(images), strict=True):
            assert one.shape == other.shape
            assert np.abs(one - other).max() < AGREES * np.abs(one).max()
