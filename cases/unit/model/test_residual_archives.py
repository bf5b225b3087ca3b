"""What is wrong with an archive of a residual network that names and shapes catch."""

import shutil

import numpy as np
import pytest

from harness.errors import ArchiveUnreadable
from harness.model.fluid.lod_tensor import read_tensor, write_tensor


@pytest.fixture
def r34_folder(old_r34, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(old_r34.folder, tmp_path / "archive")


@pytest.fixture
def r50_folder(old_r50, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(old_r50.folder, tmp_path / "archive")


def test_a_resnet34_without_the_shortcut_of_stage_2_is_named(old_r34, r34_folder):
    for path in (
        *r34_folder.glob("res2a_branch1_*"),
        *r34_folder.glob("bn2a_branch1_*"),
    ):
        path.unlink()

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^5 of 291 variables have no file; expected res2a_branch1_weights, "
        r"bn2a_branch1_scale, .*, got none",
    ):
        old_r34.open(r34_folder)


def test_the_right_names_of_the_stems_batch_norms_are_the_wrong_ones(
    old_r50, r50_folder
):
    for path in r50_folder.glob("bnv1_1_*"):
        path.rename(path.with_name(path.name.replace("bnv1_1", "bn_conv1_1")))

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^4 of 387 variables have no file; expected bnv1_1_scale, "
        r"bnv1_1_offset, bnv1_1_mean, bnv1_1_variance, got files of no variable: "
        "bn_conv1_1_mean, ",
    ):
        old_r50.open(r50_folder)


def test_offsets_named_as_other_weights_are_named(old_r50, r50_folder):
    stem = "res5b_branch2b_conv_offset"
    (r50_folder / f"{stem}.w_0").rename(r50_folder / f"{stem}_weights")

    with pytest.raises(
        ArchiveUnreadable,
        match=rf"expected {stem}\.w_0, got files of no variable: {stem}_weights",
    ):
        old_r50.open(r50_folder)


def test_offsets_without_a_mask_are_another_shape(old_r50, r50_folder):
    name = "res5c_branch2b_conv_offset.w_0"
    write_tensor(r50_folder / name, np.array(read_tensor(r50_folder / name)[:18]))

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^1 variables have another shape; got "
        rf"{name} \(27, 16, 3, 3\) is \(18, 16, 3, 3\)$",
    ):
        old_r50.open(r50_folder)


def test_an_archive_of_the_other_backbone_is_told_by_what_is_missing(old_r34, old_r50):
    with pytest.raises(
        ArchiveUnreadable,
        match=r"of 387 variables have no file; expected conv1_1_weights, bnv1_1_scale, "
        r".*, got files of no variable: bn_conv1_mean, ",
    ):
        old_r50.open(old_r34.folder, strategy="baseline")
