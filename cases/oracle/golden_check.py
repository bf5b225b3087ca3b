"""Two folders of goldens in, what differs between them out.

On the machine that made them the bytes repeat. On another processor the matrix products
differ in their last places; what that may change, and what not, is said here.
"""

import struct
import tarfile
from collections import namedtuple
from pathlib import Path

import numpy as np

#: Of an array's maximum; the modern side is held to the same (zoo-spec appendix A 7).
GOLDEN_TOLERANCE = 1e-4
#: Of a variable's maximum: one unit of weights rounded to 8 significant bits.
WEIGHT_TOLERANCE = 2.0**-7
#: A last place can swap two rows of these: they count where all else is identical.
RANKED = ("detections", "lengths")
#: Archives that begin so hold the values of one among them, copied; its own are computed.
LAYOUTS = "layout_"
CHECKPOINT = "layout_training_checkpoint.tar.gz"

#: ``is_equal`` allows for the tolerances; ``text`` is one line.
Difference = namedtuple("Difference", "is_equal text")


def compare_file(name, committed_folder, fresh_folder):
    """Say how the committed file ``name`` compares with a freshly made one."""
    committed, fresh = Path(committed_folder) / name, Path(fresh_folder) / name
    if not committed.is_file():
        return Difference(False, name + ": not committed; run with --write")
    if committed.read_bytes() == fresh.read_bytes():
        return Difference(True, name + ": identical bytes")
    if name.endswith(".npz"):
        found = _compare_arrays(_read_npz(committed), _read_npz(fresh))
    elif name.startswith(LAYOUTS) and name != CHECKPOINT:
        found = _compare_members(_read_members(committed), _read_members(fresh))
    else:
        found = _compare_archives(_read_tar(committed), _read_tar(fresh))
    return Difference(found.is_equal, "{}: {}".format(name, found.text))


def _read_npz(path):
    with np.load(str(path)) as arrays:
        return {key: arrays[key] for key in arrays.files}


def _read_members(path):
    """{member: bytes} of any archive; another zlib packs the same into other bytes."""
    with tarfile.open(str(path)) as tar:
        return {
            entry.name: tar.extractfile(entry).read() if entry.isfile() else b""
            for entry in tar
        }


def _read_tar(path):
    """{member: (bytes before the values, values)} of an archive of variables."""
    members = {}
    for name, content in _read_members(path).items():
        start = 0
        if content:
            (description_bytes,) = struct.unpack_from("<i", content, 16)
            start = 20 + description_bytes  # zoo-spec 3.2, no lod levels
        values = np.frombuffer(content[start:], dtype="<f4")
        members[name] = (content[:start], values)
    return members


def _compare_members(before, after):
    """Copied values, so equality: nothing of these archives is computed."""
    odd = sorted(set(before) ^ set(after))
    if odd:
        return Difference(False, "members on one side only: {}".format(odd[:3]))
    changed = [name for name in before if before[name] != after[name]]
    if changed:
        return Difference(False, "{}: other bytes".format(changed[0]))
    return Difference(True, "identical members")


def _compare_archives(before, after):
    odd = sorted(set(before) ^ set(after))
    if odd:
        return Difference(False, "members on one side only: {}".format(odd[:3]))
    moved = []
    for name, (header, values) in before.items():
        new_header, new_values = after[name]
        if header != new_header or values.shape != new_values.shape:
            return Difference(False, name + ": another shape or type")
        relative = _relative(values, new_values)
        if not relative <= WEIGHT_TOLERANCE:
            return Difference(False, _too_far(name, relative, WEIGHT_TOLERANCE))
        if relative:
            moved.append(name)
    text = "{} of {} members differ by one rounding, the others are identical"
    return Difference(True, text.format(len(moved), len(before)))


def _compare_arrays(before, after):
    odd = sorted(set(before) ^ set(after))
    if odd:
        return Difference(False, "keys on one side only: {}".format(odd[:3]))
    largest = 0.0
    for key in before:
        old, new = before[key], after[key]
        if _is_ranked(key):
            continue
        if (old.dtype, old.shape) != (new.dtype, new.shape):
            text = "{}: expected {} {}, got {} {}"
            return Difference(
                False, text.format(key, old.dtype, old.shape, new.dtype, new.shape)
            )
        if old.dtype.kind != "f":
            if not np.array_equal(old, new):
                return Difference(False, key + ": values differ")
            continue
        relative = _relative(old, new)
        if not relative <= GOLDEN_TOLERANCE:
            return Difference(False, _too_far(key, relative, GOLDEN_TOLERANCE))
        largest = max(largest, relative)
    if largest:
        text = "equal within {:.2g} of each maximum; detections not compared"
        return Difference(True, text.format(largest))
    for key in filter(_is_ranked, before):
        if not np.array_equal(before[key], after[key]):
            return Difference(False, key + ": values differ, and nothing else does")
    return Difference(True, "equal values")


def _is_ranked(key):
    return any(word in key for word in RANKED)


def _relative(old, new):
    """Largest difference, as a share of the largest value."""
    if old.tobytes() == new.tobytes():  # a counter of -1 is NaN as a float
        return 0.0
    scale = max(float(np.abs(old).max()), np.finfo(np.float32).tiny)
    return float(np.abs(old.astype(np.float64) - new).max()) / scale


def _too_far(name, relative, allowed):
    return "{}: differs by {:.2g} of its maximum, expected at most {:.2g}".format(
        name, relative, allowed
    )
