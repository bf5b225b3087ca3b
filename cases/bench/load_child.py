"""Run in a process of its own: load an archive, and say what it took, as JSON.

Arguments: the folder of a full-width archive, its backbone or edition, the input size.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def main(folder: Path, name: str, input_px: int) -> None:
    """Measure from the first import on."""
    started_s, started_cpu_s = time.perf_counter(), time.process_time()
    import numpy as np

    from harness.model.boxes.face_finding import FaceDetector, faces_of_heads
    from harness.model.boxes.object_finding import ObjectDetector, objects_of_heads
    from harness.model.detectors.archive_heads import open_heads
    from harness.model.detectors.blazeface import open_blazeface
    from harness.model.detectors.yolov3 import open_yolov3
    from harness.model.networks.blazeface import EDITIONS
    from harness.model.paddle_run.device import open_device

    device = open_device(gpu=False)
    ready_s, ready_cpu_s = time.perf_counter(), time.process_time()
    idle_bytes = memory_bytes("VmRSS")
    if name in EDITIONS:
        heads = open_heads(open_blazeface(folder, edition=name), device)
        detector = FaceDetector(
            find=faces_of_heads(heads), input_px=input_px, scales="single"
        )
    else:
        opened = open_yolov3(
            folder,
            backbone=name,
            strategy="baseline",
            num_classes=80,
            width=1,
        )
        heads = open_heads(opened, device)
        detector = ObjectDetector(
            find=objects_of_heads(heads), backbone=name, input_px=input_px
        )
    image = np.zeros((1, input_px, input_px, 3), np.uint8)
    detector.detect(image, np.asarray([[input_px, input_px]], np.int32))
    ended_s, ended_cpu_s = time.perf_counter(), time.process_time()
    told = {
        "start_s": ready_s - started_s,
        "start_cpu_s": ready_cpu_s - started_cpu_s,
        "load_s": ended_s - ready_s,
        "load_cpu_s": ended_cpu_s - ready_cpu_s,
        "peak_bytes": memory_bytes("VmHWM") - idle_bytes,
    }
    sys.stdout.write(json.dumps(told) + "\n")


def memory_bytes(what: str) -> int:
    """Return what Linux says of this process; ``getrusage`` counts its parent in."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    (line,) = (one for one in lines if one.startswith(f"{what}:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
