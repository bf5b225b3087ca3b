import os
from pathlib import Path

import pytest

from harness.errors import ArchiveUnreadable
from harness.model.layouts import program_files
from harness.model.layouts.program_files import find_parameters, find_program

PAIRS = [
    ("__model__", "__params__"),
    ("__model__.infer", "__params__"),
    ("model", "weights"),
    ("float.pdmodel", "float.pdiparams"),
    ("__model__", "weights"),
    ("float.pdmodel", "__params__"),
]


@pytest.mark.parametrize(("program", "parameters"), PAIRS)
def test_the_names_of_exporters_are_known(tmp_path, program, parameters):
    for name in (program, parameters):
        (tmp_path / name).write_bytes(b"")

    assert find_program(tmp_path) == tmp_path / program
    assert find_parameters(tmp_path / program) == tmp_path / parameters


def test_a_program_may_have_no_file_of_parameters(tmp_path):
    (tmp_path / "__model__").write_bytes(b"")

    assert find_parameters(tmp_path / "__model__") is None


def test_parameters_alone_are_no_program(tmp_path):
    (tmp_path / "__params__").write_bytes(b"")

    assert find_program(tmp_path) is None


def test_of_several_programs_the_first_name_of_the_list_is_taken(tmp_path):
    for name in ("x.pdmodel", "model", "__model__"):
        (tmp_path / name).write_bytes(b"")

    assert find_program(tmp_path) == tmp_path / "__model__"


def test_a_program_is_read_after_its_size_was_asked(tmp_path, monkeypatch):
    path = tmp_path / "__model__"
    path.write_bytes(b"program")
    monkeypatch.setattr(program_files, "MAX_PROGRAM_BYTES", 7)
    assert program_files.read_program_bytes(path) == b"program"

    monkeypatch.setattr(program_files, "MAX_PROGRAM_BYTES", 6)
    monkeypatch.setattr(Path, "read_bytes", None)
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^size of the program; expected at most 6 bytes, got 7$",
    ):
        program_files.read_program_bytes(path)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
@pytest.mark.parametrize("name", ["__model__", "net.pdmodel"])
def test_a_pipe_or_a_folder_is_no_program(tmp_path, make, name):
    make(tmp_path / name)

    assert program_files.find_program(tmp_path) is None
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^not a program; expected a regular file, got something else$",
    ):
        program_files.read_program_bytes(tmp_path / name)
