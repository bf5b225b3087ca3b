"""Computes what a network is made of from its shapes: variables, work, sizes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.model.networks.shapes import NetworkShapes

BLOCK_BYTES = 4096  # what a file occupies is counted in these  # zoo-spec 3.4
GIGA = 2**30  # of multiply-adds, in published GFLOPs  # zoo-spec 4.2
MIB = 2**20  # of published MB  # zoo-spec 3.4
KB = 1000  # of published KB  # zoo-spec 3.4
#: Of published int8 MB. 2**20 would suit one of the five better, and two not at all:
#: 25 and 26.3 MB are 24.8 and 26.2 million bytes.  # zoo-spec 3.4
INT8_MB = 10**6

#: Values that stay float where weights are simulated in 8 bits: the three outputs, and
#: the deformable convolutions.  # zoo-spec 2.7, 3.4
FLOAT_OUTPUTS = "yolo_output."
#: What steers a deformable convolution ``X_weights`` is named ``X`` and this.
STEERING = "_conv_offset.w_0"  # zoo-spec 2.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """What a network is made of at one input size; figures as documents print them."""

    variables: int  # persistable, of the evaluation program; one file each
    elements: int  # values in all of them
    gflops: float  # as published: deformable convolutions left out
    gflops_true: float  # with them
    folder_mib: float  # as `du` counts separate files
    files_kb: float  # their bytes, plainly added
    int8_bytes: int  # an estimate: one byte per quantised weight, else four

    def figure(self, metric: str) -> float:
        """Return the figure that a published metric is about, in its unit.

        Raises:
            KeyError: no figure of that name.
        """
        return {
            "gflops": self.gflops,
            "size_mb": self.folder_mib,
            "size_kb": self.files_kb,
            "int8_size_mb": self.int8_bytes / INT8_MB,
            "int8_size_kb": self.int8_bytes / KB,
        }[metric]


def structure_of(
    shapes: NetworkShapes, *, input_px: int, keeps_float: bool
) -> Structure:
    """Return what a network is made of at one input size.

    Args:
        shapes: the network's.
        input_px: side of its square input.
        keeps_float: outputs and deformable convolutions are not quantised.
    """
    sides = {name: one.shape for name, one in shapes.variables.items()}
    work = shapes.multiply_adds(input_px)
    return Structure(
        variables=len(sides),
        elements=shapes.elements,
        gflops=work / GIGA,
        gflops_true=(work + shapes.deformable_multiply_adds(input_px)) / GIGA,
        folder_mib=folder_bytes(sides) / MIB,
        files_kb=sum(map(record_bytes, sides.values())) / KB,
        int8_bytes=int8_bytes(sides, keeps_float=keeps_float),
    )


def record_bytes(shape: Iterable[int]) -> int:
    """Return the length of a float32 tensor file, without its being made.

    Versions, level count, length of the description, the description with its data type
    and one tag and varint per side, and the data.  # zoo-spec 3.2
    """
    sides = tuple(shape)
    described = 2 + sum(1 + max(1, math.ceil(side.bit_length() / 7)) for side in sides)
    return 4 + 8 + 4 + 4 + described + 4 * math.prod(sides)


def folder_bytes(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Return what ``du`` says of a folder that holds one file per variable."""
    files = sum(_blocks(record_bytes(shape)) for shape in shapes.values())
    return (files + directory_blocks(shapes)) * BLOCK_BYTES


def directory_blocks(names: Iterable[str]) -> int:
    """Return how many blocks the entry of a folder takes on ext4.

    An entry is 8 bytes and its name, in steps of 4. What does not fit into one block
    gets an index block, and the entries are spread over as many others as they fill.
    How full a real one leaves them is chance; the rule gives the 12 KiB of 241 names
    and the 16 KiB of 387 that the published sizes contain.  # zoo-spec 3.4
    """
    entries = sum(8 + 4 * math.ceil(len(name.encode()) / 4) for name in names)
    blocks = _blocks(entries)
    return blocks if blocks <= 1 else blocks + 1


def int8_bytes(shapes: Mapping[str, tuple[int, ...]], *, keeps_float: bool) -> int:
    """Return an estimate of what a quantised model weighs.

    One byte per weight of a quantised convolution, four per other value.

    Args:
        shapes: every variable's.
        keeps_float: outputs and deformable convolutions are not quantised.
    """
    total = 0
    for name, shape in shapes.items():
        stem = name.removesuffix("_weights")
        is_float = name.startswith(FLOAT_OUTPUTS) or f"{stem}{STEERING}" in shapes
        is_quantised = len(shape) == 4 and not (keeps_float and is_float)
        total += math.prod(shape) * (1 if is_quantised else 4)
    return total


def _blocks(count: int) -> int:
    return math.ceil(count / BLOCK_BYTES)
