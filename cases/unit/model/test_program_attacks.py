"""Mutated archives end as detections or as a refusal, whatever becomes of their child.

``ZOO_PROGRAM_MUTATIONS=2000`` tries that many of each layout instead of a few.
"""

import os
import shutil
from collections import Counter

import numpy as np
import pytest

from harness.errors import HarnessError
from harness.model.fluid.program_desc import write_program
from harness.model.layouts.program_files import find_program
from harness.model.program.limits import ProgramLimits
from harness.model.program.opened_program import written_anew
from harness.model.program.program_child import ProcessDetector, start_program

COUNT = int(os.environ.get("ZOO_PROGRAM_MUTATIONS", "40"))
PX = 64
R34 = {
    "backbone": "resnet34",
    "strategy": "baseline",
    "width": 1 / 32,
    "num_classes": 5,
}


def mutated(content, rng):
    """Change, drop or exchange bytes."""
    spoilt = bytearray(content)
    for _ in range(int(rng.integers(1, 3))):
        place = int(rng.integers(len(spoilt)))
        way = int(rng.integers(4))
        if way == 0:
            spoilt[place] = int(rng.integers(256))
        elif way == 1:
            spoilt[place] ^= 1 << int(rng.integers(8))
        elif way == 2:
            other = int(rng.integers(len(spoilt)))
            spoilt[place], spoilt[other] = spoilt[other], spoilt[place]
        else:
            del spoilt[place]
    return bytes(spoilt)


@pytest.mark.parametrize(
    "name",
    ["program_separate", "program_params", "program_weights", "r34_program_separate"],
)
def test_a_mutated_program_never_takes_the_run_along(
    name, layout_folder, open_layout, tmp_path, cpu
):
    honest = layout_folder(name)
    kind = R34 if name.startswith("r34") else {}
    opened = open_layout(honest, **kind)
    seen = {write_program(opened.program.desc)}
    content = write_program(opened.program.desc)  # without what is left out anyway
    rng = np.random.default_rng(11)
    ends = Counter()
    folder = tmp_path / "archive"
    shutil.copytree(honest, folder)
    path = find_program(folder)
    for _ in range(COUNT):
        path.write_bytes(mutated(content, rng))
        try:
            changed = open_layout(folder, **kind)
        except HarnessError as error:
            ends[f"read: {error.verdict}"] += 1
            continue
        written = written_anew(changed.program, changed.weights, "float32").content
        if written in seen:
            ends["unchanged"] += 1
            continue
        seen.add(written)
        ends[run(changed, cpu)] += 1

    assert sum(ends.values()) == COUNT
    assert ends["read: unreadable"] > COUNT // 4, ends


def run(opened, device):
    """Return how a program ended: as detections, or by which verdict."""
    images = np.full((1, PX, PX, 3), 90, np.uint8)
    try:
        process = start_program(
            opened.program,
            opened.weights,
            device,
            limits=ProgramLimits(first_s=60),
            batch_pixels=PX * PX,
        )
        detector = ProcessDetector(
            process=process, detector="objects", word="mobilenet_v1", input_px=PX
        )
        detector.detect(images, np.int32([[PX, PX]]))
    except HarnessError as error:
        return f"run: {error.verdict}"
    return "detections"
