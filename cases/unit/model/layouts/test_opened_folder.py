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
        r"separate_files \| combined_file, got README$",
    ):
        open_folder(tmp_path, ())
