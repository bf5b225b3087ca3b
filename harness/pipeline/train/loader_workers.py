"""Decides how many processes make the batches of a training."""

from __future__ import annotations

from harness.model.paddle_run.device import Device

#: Each holds the list of all images, 120 MB of COCO's, and makes 30 images a second or
#: more: sixteen feed any one GPU.
MOST_WORKERS = 16


def loader_workers(device: Device) -> int:
    """Return the processes beside the trainer; 0 where it makes the batches itself.

    Beside a GPU the processors have nothing else to do but to serve it. A CPU that
    trains uses all of its threads itself: one process keeps a batch ready.
    """
    if device.threads < 2:
        return 0
    if device.kind == "gpu":
        return min(device.threads - 1, MOST_WORKERS)
    return 1
