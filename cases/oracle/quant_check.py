"""Two folders of quantised archives and results in, what differs between them out.

On one machine the values repeat. A training step on another processor is not the same to
the last place, and what follows it is rounded to integers: so more is allowed here than
in golden_check, and what must be exact is held by the tests of the modern side.

Passes walk graphs in no order: what they number (``channel_scale_3``) has another number
in each run, and programs have their operators in another order (zoo-spec 2.7).
"""

import json
import struct
import tarfile
from pathlib import Path

import numpy as np
from golden_check import Difference

#: Of an array's maximum: two steps of an integer of 8 bits, or of a weight's rounding.
ARRAY_TOLERANCE = 0.02
AP_TOLERANCE_PCT = 1.0
NUMBERED = ("channel_scale_", "state_", "accum_")
TYPES = {5: "<f4", 21: "i1"}  # zoo-spec 3.2


def compare_file(name, committed_folder, fresh_folder):
    """Say how the committed file ``name`` compares with a freshly made one."""
    committed, fresh = Path(committed_folder) / name, Path(fresh_folder) / name
    if not committed.is_file():
        return Difference(False, name + ": not committed; run with --quant --write")
    if committed.read_bytes() == fresh.read_bytes():
        return Difference(True, name + ": identical bytes")
    if name.endswith(".json"):
        text = _compare_scores(_read_json(committed), _read_json(fresh))
    elif name.endswith(".npz"):
        text = _compare_names(_read_npz(committed), _read_npz(fresh))
    else:
        text = _compare_members(_read_tar(committed), _read_tar(fresh))
    return Difference(text is None, "{}: {}".format(name, text or "close enough"))


def _read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def _read_npz(path):
    with np.load(str(path)) as arrays:
        return {key: arrays[key] for key in arrays.files}


def _read_tar(path):
    with tarfile.open(str(path)) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar if one.isfile()}


def _compare_scores(before, after):
    for size, scores in before.get("ap_pct", {}).items():
        for metric, value in scores.items():
            got = after["ap_pct"][size][metric]
            if not abs(got - value) <= AP_TOLERANCE_PCT:
                return "{} at {}: expected {:.2f}, got {:.2f}".format(
                    metric, size, value, got
                )
    keys = ("weights", "activation")
    for old, new in zip(before.get("convolutions", ()), after.get("convolutions", ())):
        if [old.get(key) for key in keys] != [new.get(key) for key in keys]:
            return "expected the convolution {}, got {}".format(old, new)
    return None if before.get("networks") == after.get("networks") else "other names"


def _compare_names(before, after):
    """Shapes of inputs and channels; the values are those of the archives."""
    for key in sorted(set(before) | set(after)):
        if key not in before or key not in after:
            return key + ": on one side only"
        if key.startswith("channel_scales.") and not _is_close(before[key], after[key]):
            return key + ": values differ"
    return None


def _compare_members(before, after):
    odd = sorted(set(before) ^ set(after))
    if odd:
        return "members on one side only: {}".format(odd[:3])
    for stem in NUMBERED:
        old, new = _all_numbered(before, stem), _all_numbered(after, stem)
        if not _is_close(old, new):
            return stem + "*: values differ"
    for name, content in before.items():
        file_name = name.rpartition("/")[2]
        if file_name.startswith(NUMBERED):
            continue
        if file_name.startswith("__"):  # program, or all values in one file
            if len(content) != len(after[name]):
                return "{}: expected {} bytes, got {}".format(
                    name, len(content), len(after[name])
                )
        elif not _is_close(_values(content), _values(after[name])):
            return name + ": values differ"
    return None


def _all_numbered(members, stem):
    """All values of the members of a stem, sorted: whose each is, no name tells."""
    found = [
        _values(content)
        for name, content in members.items()
        if name.rpartition("/")[2].startswith(stem)
    ]
    return np.sort(np.concatenate(found + [np.zeros(1, np.float32)]))


def _values(content):
    (description_bytes,) = struct.unpack_from("<i", content, 16)
    start = 20 + description_bytes  # zoo-spec 3.2, no lod levels
    return np.frombuffer(content[start:], TYPES.get(content[21], "u1"))


def _is_close(old, new):
    if old.shape != new.shape:
        return False
    scale = max(float(np.abs(old).max()), np.finfo(np.float32).tiny)
    difference = np.abs(old.astype(np.float64) - new.astype(np.float64)).max()
    return bool(difference <= ARRAY_TOLERANCE * scale)
