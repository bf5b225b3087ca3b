from harness.model.program_desc import (
    TENSOR_KIND,
    Operator,
    parse_operator,
    parse_variable,
)
from harness.model.written_program import operator_bytes, tensor_bytes


def test_an_operator_is_read_as_it_was_written():
    content = operator_bytes("clip", "image", "made", {"min": -2.5, "max": 0.1})

    assert parse_operator(memoryview(content)) == Operator(
        kind="clip",
        inputs={"X": ("image",)},
        outputs={"Out": ("made",)},
        attributes={"min": -2.5, "max": 0.10000000149011612},  # of float32
    )


def test_a_tensor_is_read_as_it_was_written():
    for is_persistable in (True, False):
        content = tensor_bytes("w", (-1, 3, 608), is_persistable=is_persistable)
        found = parse_variable(memoryview(content))

        assert (found.name, found.kind, found.data_type) == ("w", TENSOR_KIND, 5)
        assert found.shape == (-1, 3, 608)
        assert found.is_persistable is is_persistable
