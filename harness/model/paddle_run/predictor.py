"""Opens a graph and its weights in Paddle Inference, and runs it.

While Paddle opens a graph, program and weights lie in files:
weights handed over in memory are copied several times on the way, which took two
seconds and five times the archive's bytes for the largest network (measured).

With graph optimisation and oneDNN the exported graph runs about twice as fast as the
same network in dynamic mode or in the static executor (measured).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import UsageError
from harness.files.mapped_memory import let_go, return_freed
from harness.files.temporary import temporary_folder
from harness.model.fluid.lod_tensor import write_records
from harness.model.machine.device import Device
from harness.model.machine.precisions import FLOAT32
from harness.model.paddle_run.precision import ask_for, demand_scales
from harness.model.paddle_run.runtime import import_paddle

MODEL, WEIGHTS = "model", "weights"  # files of a graph

#: Memory that Paddle may take on a GPU at the start; it grows when more is needed.
GPU_START_MB = 512


def open_predictor(
    program: bytes,
    weights: Mapping[str, NDArray[Any]],
    *,
    device: Device,
) -> Any:
    """Return Paddle Inference's own object for a graph; see :class:`Predictor`.

    Raises:
        UsageError: another precision than float32, and optimisation is off.
        ArchiveUnreadable: int8 of a graph that does not say its scales.
    """
    if device.precision != FLOAT32 and not device.optimise:
        raise UsageError(f"{device.precision} without graph optimisation")
    with temporary_folder("graph") as folder:
        write_graph(folder, program, weights, precision=device.precision)
        return open_written(folder, device=device)


def write_graph(
    folder: Path,
    program: bytes,
    weights: Mapping[str, NDArray[Any]],
    *,
    precision: str,
) -> None:
    """Write a graph and its weights as :func:`open_written` takes them.

    Raises:
        ArchiveUnreadable: int8 of a graph that does not say its scales.
    """
    demand_scales(program, precision)
    (folder / MODEL).write_bytes(program)
    # without names: Paddle takes them in the order of the sorted ones
    write_records(folder / WEIGHTS, (weights[name] for name in sorted(weights)))
    let_go(weights.values())
    return_freed()


def open_written(folder: Path, *, device: Device) -> Any:
    """Return Paddle Inference's own object for a graph in a folder."""
    import_paddle()
    from paddle import inference

    config = inference.Config(str(folder / MODEL), str(folder / WEIGHTS))
    set_up(config, device)
    return inference.create_predictor(config)


def set_up(config: Any, device: Device) -> None:
    """Set up Paddle Inference's configuration for a device."""
    config.disable_glog_info()
    config.switch_ir_optim(device.optimise)
    config.enable_memory_optim(device.optimise)
    if device.kind == "gpu":
        config.enable_use_gpu(GPU_START_MB, 0)
    else:
        config.disable_gpu()
        config.set_cpu_math_library_num_threads(device.threads)
        if device.optimise:
            config.enable_mkldnn()
            ask_for(config, device.precision)


class Predictor:
    """Runs one graph on one device, at any input size and batch.

    Args:
        program: of :func:`harness.model.paddle_run.graph.serialise`.
        weights: a value for each of its variables, and no more.
        device: what computes.
    """

    def __init__(
        self,
        program: bytes,
        weights: Mapping[str, NDArray[Any]],
        *,
        device: Device,
    ) -> None:
        self._predictor = open_predictor(program, weights, device=device)
        (name,) = self._predictor.get_input_names()
        self._input = self._predictor.get_input_handle(name)
        self._outputs = [
            self._predictor.get_output_handle(name)
            for name in self._predictor.get_output_names()
        ]

    def run(self, images: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return the outputs for ``[B, 3, S, S]`` images, in the graph's order."""
        self._input.copy_from_cpu(np.ascontiguousarray(images))
        self._predictor.run()
        return [one.copy_to_cpu() for one in self._outputs]
