import pytest

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
