"""One process imports one framework."""

import os
import subprocess
import sys
from pathlib import Path

import harness
from harness.values.runtimes import RUNTIMES

#: Opens the device and the archive, and runs its network; nothing of another framework
#: can be imported: a module of its name, which fails, comes first on the path.
CHILD = """
import sys
from pathlib import Path
import numpy as np
from harness.model.detectors.archive_heads import open_heads
from harness.model.detectors.yolov3 import open_yolov3
from harness.model.runtimes.runtimes import open_device
from harness.pipeline.measure.environment import describe_environment

word, folder = sys.argv[1:]
device = open_device(word, gpu=False)
opened = open_yolov3(
    Path(folder), backbone="mobilenet_v1", strategy="prune_r578", num_classes=5,
    width=1 / 8,
)
heads = open_heads(opened, device)(np.zeros((1, 3, 32, 32), np.float32))
describe_environment(device, dataset="coco", decoder="pillow")
print([one.shape[0] for one in heads], word in sys.modules)
"""


def test_what_measures_imports_no_other_framework(runtime, tiny_folder, tmp_path):
    for other in set(RUNTIMES) - {runtime}:
        (tmp_path / f"{other}.py").write_text(f"raise SystemExit('{other} imported')")
    root = str(Path(harness.__file__).parents[1])

    done = subprocess.run(
        [sys.executable, "-c", CHILD, runtime, str(tiny_folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), root])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.split("\n")[0] == "[1, 1, 1] True", done.stderr
