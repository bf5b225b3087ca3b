import shutil

import pytest

from harness.errors import ArchiveUnreadable
from harness.model.layouts import LAYOUTS
from harness.model.layouts.opened_folder import open_folder, recognise_layout


def test_the_order_is_program_pickle_files(layout_copy, layout_folder):
    folder = layout_copy("program_params")
    for one in layout_folder("training_checkpoint").iterdir():
        shutil.copy(one, folder)

    assert list(LAYOUTS)[:2] == ["program", "pdparams"]
    assert recognise_layout(folder) == "program"


def test_weights_in_a_pickle_are_preferred_to_a_program(layout_copy, layout_folder):
    folder = layout_copy("program_params")
    shutil.copy(layout_folder("pdparams") / "model_final.pdparams", folder)

    word, source = open_folder(folder, ())

    assert word == "pdparams"
    assert source.program is None
    assert source.ignored_files == ("__model__", "__params__")


def test_of_float_and_int_the_float_one_is_opened_and_the_other_listed(
    layout_folder, tmp_path
):
    for name in ("float", "int"):
        shutil.copytree(layout_folder("program_params"), tmp_path / name)
    (tmp_path / "int" / "__model__").write_bytes(b"not looked at")
    (tmp_path / "README").write_text("of the exporter")

    word, source = open_folder(tmp_path, ())

    assert word == "program"
    assert len(source.names()) == 241
    assert source.ignored_files == ("README", "int/__model__", "int/__params__")


def test_a_folder_of_no_layout_lists_its_files(tmp_path):
    (tmp_path / "README").write_text("nothing else")

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^no layout that we know; expected program \| pdparams \| "
        r"separate_files \| combined_file, got README; "
        r"pack the folder that save_persistables, save_inference_model or save wrote$",
    ):
        open_folder(tmp_path, ())


def test_what_macos_adds_is_no_file_of_an_archive(layout_copy):
    """A file of four bytes beside each, and one of a folder: none of them counts."""
    folder = layout_copy("training_checkpoint")
    before = open_folder(folder, ())
    for path in list(folder.iterdir()):
        path.with_name(f"._{path.name}").write_bytes(b"\0\5\x16\7")
    (folder / "._more.pdmodel").write_bytes(b"\0\5\x16\7")
    (folder / ".DS_Store").write_bytes(bytes(32))

    word, source = open_folder(folder, ())

    assert word == before[0]
    assert source.names() == before[1].names()
    assert source.ignored_files == before[1].ignored_files


@pytest.mark.parametrize("below", ["yolo", "yolo/model_final"])
def test_a_folder_beside_a_loose_file_is_opened(layout_folder, tmp_path, below):
    shutil.copytree(layout_folder("pdparams"), tmp_path / below)
    (tmp_path / "README").write_text("of whoever packed it")
    (tmp_path / ".hidden").write_text("of a system")
    (tmp_path / "docs").mkdir()

    word, source = open_folder(tmp_path, ())

    assert word == "pdparams"
    assert source.ignored_files == ("model_final.pdmodel", "README")


def test_of_an_export_s_folders_below_the_float_one_is_opened(layout_folder, tmp_path):
    for name in ("float", "int"):
        shutil.copytree(layout_folder("program_params"), tmp_path / "x" / name)
    (tmp_path / "README").write_text("of the exporter")

    word, source = open_folder(tmp_path, ())

    assert word == "program"
    assert source.ignored_files == (
        "README",
        "x/int/__model__",
        "x/int/__params__",
    )


def test_several_snapshots_are_refused_and_named(layout_folder, tmp_path):
    for name in ("10000", "20000", ".cache", "__MACOSX"):
        shutil.copytree(layout_folder("pdparams"), tmp_path / name)

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^2 folders hold a model; expected one, got 10000, 20000; pack the "
        r"archive again with the one that was published$",
    ):
        open_folder(tmp_path, ())
