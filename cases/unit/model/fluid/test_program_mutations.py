"""Our reader beside Paddle's own message: what both read, they read the same."""

from pathlib import Path

import numpy as np
import pytest

from harness.errors import ArchiveUnreadable
from harness.model.fluid.allowed_program import demand_allowed
from harness.model.fluid.program_desc import parse_program, write_program
from harness.model.fluid.program_schema import VALUE_FIELDS, AttributeType
from harness.model.paddle_run.runtime import import_paddle

MUTATIONS = 10_000
CUT_OPERATORS = 6


def small(content):
    """Keep the first operators and what they name: 10,000 are read in seconds."""
    from paddle.base.proto.framework_pb2 import ProgramDesc

    program = ProgramDesc.FromString(content)
    block = program.blocks[0]
    del block.ops[CUT_OPERATORS:]
    named = {
        name
        for one in block.ops
        for side in (one.inputs, one.outputs)
        for parameter in side
        for name in parameter.arguments
    }
    kept = [one for one in block.vars if one.name in named]
    del block.vars[:]
    block.vars.extend(kept)
    return program.SerializeToString()


def mutations(content, count, seed):
    """Yield the program with a byte changed, dropped, doubled, or a stretch moved."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        spoilt = bytearray(content)
        for _ in range(int(rng.integers(1, 3))):
            place = int(rng.integers(len(spoilt)))
            way = int(rng.integers(5))
            if way == 0:
                spoilt[place] = int(rng.integers(256))
            elif way == 1:
                spoilt[place] ^= 1 << int(rng.integers(8))
            elif way == 2:
                del spoilt[place]
            elif way == 3:
                spoilt.insert(place, int(rng.choice([0, 1, 0x80, 0xFF, spoilt[place]])))
            else:
                end = min(len(spoilt), place + int(rng.integers(1, 40)))
                spoilt[place:place] = spoilt[place:end]
        yield bytes(spoilt)


def as_paddle_reads(content):
    """Return what Paddle's message says, in our words; None where it reads nothing."""
    from google.protobuf.message import DecodeError
    from paddle.base.proto.framework_pb2 import ProgramDesc

    try:
        program = ProgramDesc.FromString(content)
    except DecodeError:
        return None
    return {
        "blocks": len(program.blocks),
        "version": program.version.version,
        "versions": {
            one.op_name: one.op_version.version for one in program.op_version_map.pair
        },
        "variables": {
            one.name: (
                one.type.type,
                *_tensor(one.type),
                one.persistable,
            )
            for block in program.blocks
            for one in block.vars
        },
        "operators": [
            (
                one.type,
                {side.parameter: tuple(side.arguments) for side in one.inputs},
                {side.parameter: tuple(side.arguments) for side in one.outputs},
                {
                    told.name: (told.type, _value(told))
                    for told in one.attrs
                    if told.type not in NOT_PLAIN
                },
            )
            for block in program.blocks
            for one in block.ops
        ],
    }


def _tensor(kind):
    """Return type, shape and level of lengths; None for the type of what is no tensor.

    3.3 gave two fields other names, and kept their numbers.
    """
    name = kind.DESCRIPTOR.fields_by_number[3].name
    lengths = getattr(kind, name)
    level = getattr(lengths, lengths.DESCRIPTOR.fields_by_number[2].name)
    data_type = lengths.tensor.data_type if kind.HasField(name) else None
    return data_type, tuple(lengths.tensor.dims), level


NOT_PLAIN = [
    AttributeType[name]
    for name in ("BLOCK", "BLOCKS", "VAR", "VARS", "SCALAR", "SCALARS")
]


def _value(told):
    value = getattr(told, VALUE_FIELDS[AttributeType(told.type)])
    return tuple(value) if not isinstance(value, int | float | str | bool) else value


def as_we_read(program):
    return {
        "blocks": program.blocks,
        "version": program.version,
        "versions": dict(program.operator_versions),
        "variables": {
            name: (
                one.kind,
                one.data_type,
                one.shape,
                one.lod_level,
                one.is_persistable,
            )
            for name, one in program.variables.items()
        },
        "operators": [
            (
                one.kind,
                dict(one.inputs),
                dict(one.outputs),
                {
                    name: (int(one.types[name]), value)
                    for name, value in one.attributes.items()
                },
            )
            for one in program.operators
        ],
    }


def same(ours, theirs):
    """Compare by what is written: NaN is itself, 0.0 is not -0.0."""
    return repr(sorted(ours.items())) == repr(sorted(theirs.items()))


@pytest.fixture(scope="module")
def programs(layout_folder, quantised_programs):
    import_paddle()
    paths = [
        layout_folder(name) / "__model__"
        for name in ("program_separate", "blazeface_lite_program_params")
    ]
    return [*map(Path.read_bytes, paths), quantised_programs[0]]


def test_what_both_read_they_read_the_same(programs):
    read = refused = 0
    for seed, content in enumerate(programs):
        honest = small(content)
        assert same(as_we_read(parse_program(honest)), as_paddle_reads(honest))
        for spoilt in mutations(honest, MUTATIONS // len(programs) + 1, seed):
            theirs = as_paddle_reads(spoilt)
            try:
                ours = parse_program(spoilt)
            except ArchiveUnreadable:
                refused += 1
                continue
            read += 1
            assert theirs is not None, spoilt
            assert same(as_we_read(ours), theirs), spoilt

    assert read + refused >= MUTATIONS
    assert read > MUTATIONS // 10
    assert refused > MUTATIONS // 10


def test_what_is_written_anew_paddle_reads_as_we_do(programs):
    for content in programs:
        written = write_program(demand_allowed(parse_program(content)))

        assert same(as_we_read(parse_program(written)), as_paddle_reads(written))
