"""Runs a network with its weights on torch: images in, heads out, both in numpy."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.files.mapped_memory import let_go
from harness.model.machine.device import Device
from harness.model.networks.functions import HeadsFunction, NetworkFunction
from harness.model.torch_run.runtime import import_torch
from harness.model.torch_run.tensors import TorchOps

LOGGER = logging.getLogger(__name__)

#: Word of a device -> torch's, for CUDA and ROCm alike.
PLACES: Mapping[str, str] = {"cpu": "cpu", "gpu": "cuda:0"}


def torch_heads(
    network: NetworkFunction,
    weights: Mapping[str, NDArray[Any]],
    device: Device,
) -> HeadsFunction:
    """Return the network as plain operations on the device; its weights are copied."""
    torch, place = import_torch(), PLACES[device.kind]
    LOGGER.info("torch on %s, without a graph", device.kind)
    state = {
        name: torch.tensor(np.ascontiguousarray(one), device=place)
        for name, one in weights.items()
    }
    let_go(weights.values())

    def heads(images: NDArray[np.float32]) -> list[NDArray[Any]]:
        # As its words are for a thread, so is what inference does not note.
        with torch.inference_mode():
            x = torch.from_numpy(np.ascontiguousarray(images)).to(place)
            outputs = network(TorchOps(state), x)
            return [one.cpu().numpy() for one in outputs]

    return heads
