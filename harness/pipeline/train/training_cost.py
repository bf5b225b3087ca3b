"""Times a training on this machine: a step of its network, and its images.

What is timed is drawn: nothing is downloaded. A trial's steps run in a process of their
own (``train/trial.py``), so a step that does not fit is told and ends nothing here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

import numpy as np

from harness.dataset.drawn.bmp import bmp_bytes
from harness.dataset.drawn.scenes import draw_scene
from harness.errors import LimitReached
from harness.files.temporary import temporary_folder
from harness.model.paddle_run.device import Device
from harness.model.paddle_run.forward_time import time_forward
from harness.process.limited_child import MEMORY
from harness.process.machine_memory import machine_memory_bytes
from harness.train.chain.batches import BatchSource, make_batch
from harness.train.chain.chains import Chain
from harness.train.trial import Trial, TrialRun
from harness.train.trial_child import TrialProcess, trial_process
from harness.values.training import TrainingImage

LOGGER = logging.getLogger(__name__)

#: Images that the chain is timed on, at each timed size.
CHAIN_IMAGES = 8

#: Side of drawn images where the training set is not there: as most of COCO's are.
USUAL_PX = 640

#: Images of a timed step on a CPU. Four take four times as long, within a tenth.
CPU_IMAGES = 1

#: Of the image alone: three numbers of float32.
PIXEL_BYTES = 12.0

#: Of the images that fit a GPU: algorithms take room of their own.
GPU_SHARE = 0.8

#: A GPU takes long to prepare a size, and little for a step.
CPU_STEPS, GPU_STEPS = 2, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMemory:
    """What a step has in memory, by its pixels: images times the area of each."""

    fixed_bytes: float  # weights, gradients, velocities, the runtime itself
    px_bytes: float  # of each pixel of each image

    def bytes_of(self, batch: int, input_px: int) -> int:
        """Return what a step takes."""
        return int(self.fixed_bytes + self.px_bytes * batch * input_px**2)

    def largest_batch(self, memory_bytes: int, input_px: int) -> int:
        """Return how many images fit; 0 for none."""
        free_bytes = memory_bytes - self.fixed_bytes
        return max(0, int(free_bytes / (self.px_bytes * input_px**2)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to be timed."""

    trial: Trial
    chain: Chain
    batch: int  # images of a step
    images: Sequence[TrainingImage]  # empty when they are not there
    is_evaluated: bool = True  # False: no forward pass is timed


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingCost:
    """What a training takes on a machine, a step or an image at a time."""

    network_s: float | None  # of a step; None: it does not fit into memory
    chain_s: float  # to make the batch of a step, on one core
    step_s: float | None  # of both together
    forward_s: float | None  # of an image of an evaluation, at the largest size
    #: Of the trainer in a step at the largest size, the runtime too; processes that
    #: make batches come on top. None: not known.
    memory_bytes: int | None
    machine_bytes: int | None  # of the device; None: not known
    largest_batch: int | None  # that fits; None: not known


def time_training(work: Work, device: Device, *, workers: int) -> TrainingCost:
    """Return what a training takes here.

    A step is timed at the smallest and the largest size, and the rest lies between by
    area; every size is drawn as often. On a CPU a step of one image is timed, and
    many take as much more; on a GPU the whole batch, or as many as fit. Memory grows
    with the pixels of a batch: the two sizes say how. Seen on two cores: within a
    twentieth of steps of 2 and 4 images.

    Args:
        work: what is timed. Its first images are read, or drawn ones.
        device: what computes.
        workers: processes that make batches beside the trainer.

    Raises:
        DatasetInvalid: one of the first images cannot be decoded.
        LimitReached: the trial was ended, or takes too long.
        TrainingFailed: it crashed.
    """
    sizes_px = work.chain.sizes_px
    chain_s = _time_chain(work)
    gpu = device.kind == "gpu"
    here_bytes = machine_memory_bytes()
    with ExitStack() as held:
        process = held.enter_context(
            trial_process(work.trial, gpu=gpu, memory_bytes=here_bytes)
        )
        try:
            memory, times_s, gpu_bytes = _measure(process, sizes_px, gpu=gpu)
            total_bytes = gpu_bytes if gpu else here_bytes
            largest = _largest(memory, total_bytes, max(sizes_px))
            images = CPU_IMAGES
            if gpu:
                images = max(1, min(work.batch, int(GPU_SHARE * (largest or 1))))
                times_s = _times(process, sizes_px, images)
        except LimitReached as refusal:
            if refusal.what != MEMORY:
                raise
            LOGGER.info("no step fits: %s", refusal)
            return TrainingCost(
                network_s=None,
                chain_s=chain_s,
                step_s=None,
                forward_s=None,
                memory_bytes=None,
                machine_bytes=here_bytes,
                largest_batch=0,
            )
    forward_s = None
    if work.is_evaluated:
        forward_s = time_forward(
            work.trial.network,
            device,
            height_px=max(sizes_px),
            width_px=max(sizes_px),
        )
    network_s = mean_by_area(times_s, sizes_px) * work.batch / images
    return TrainingCost(
        network_s=network_s,
        chain_s=chain_s,
        step_s=step_seconds(network_s, chain_s, device, workers=workers),
        forward_s=forward_s,
        memory_bytes=(
            None if memory is None else memory.bytes_of(work.batch, max(sizes_px))
        ),
        machine_bytes=total_bytes,
        largest_batch=largest,
    )


def step_seconds(
    network_s: float, chain_s: float, device: Device, *, workers: int
) -> float:
    """Return the seconds of a step with its batch.

    A trainer without workers makes each batch itself, and waits. Beside a GPU the
    slower of network and workers sets the pace. A CPU is shared: the network has all
    its threads and gives up what the chain needs of them; and workers that are too few
    set the pace there too.

    Args:
        network_s: of a step, on the device as a whole.
        chain_s: of its batch, on one core.
        device: what computes.
        workers: processes that make batches beside the trainer.
    """
    if workers < 1:
        return network_s + chain_s
    made_s = chain_s / min(workers, device.threads)
    if device.kind == "gpu":
        return max(network_s, made_s)
    return max(network_s + chain_s / device.threads, made_s)


def mean_by_area(times_s: Mapping[int, float], sizes_px: Sequence[int]) -> float:
    """Return the mean time over sizes, of the times at the smallest and the largest."""
    small, large = min(times_s), max(times_s)
    if small == large:
        return times_s[small]
    slope = (times_s[large] - times_s[small]) / (large**2 - small**2)
    return mean(times_s[small] + slope * (one**2 - small**2) for one in sizes_px)


def _measure(
    process: TrialProcess, sizes_px: Sequence[int], *, gpu: bool
) -> tuple[StepMemory | None, Mapping[int, float], int | None]:
    """Return memory by pixels, times of one image by size, and a GPU's memory.

    The first steps make the optimiser's values; after them a peak is a step's own.
    """
    small, large = min(sizes_px), max(sizes_px)
    # Of one size two images tell how memory grows, as the larger size does.
    second = TrialRun(input_px=large, batch=1 if small < large else 2, steps=1)
    first = TrialRun(input_px=small, batch=1, steps=GPU_STEPS if gpu else CPU_STEPS)
    answer = process.run([first, second])
    peaks = [one.peak_bytes for one in answer.done]
    times_s = {second.input_px: answer.done[1].step_s, small: answer.done[0].step_s}
    if peaks[0] is None or peaks[1] is None:
        return None, times_s, answer.gpu_bytes
    px = [one.batch * one.input_px**2 for one in (first, second)]
    growth = (peaks[1] - peaks[0]) / (px[1] - px[0])
    px_bytes = max(PIXEL_BYTES, growth)  # what had room from the start shows no growth
    memory = StepMemory(fixed_bytes=peaks[0] - px_bytes * px[0], px_bytes=px_bytes)
    return memory, times_s, answer.gpu_bytes


def _times(
    process: TrialProcess, sizes_px: Sequence[int], images: int
) -> Mapping[int, float]:
    runs = [
        TrialRun(input_px=one, batch=images, steps=GPU_STEPS)
        for one in sorted({min(sizes_px), max(sizes_px)})
    ]
    done = process.run(runs).done
    return {run.input_px: one.step_s for run, one in zip(runs, done, strict=True)}


def _largest(
    memory: StepMemory | None, total_bytes: int | None, input_px: int
) -> int | None:
    if memory is None or total_bytes is None:
        return None
    return memory.largest_batch(total_bytes, input_px)


def _time_chain(work: Work) -> float:
    """Return the seconds in which one core makes a batch, in an early epoch.

    The last epochs blend no images and are quicker.
    """
    images = tuple(work.images[:CHAIN_IMAGES])
    with temporary_folder("images") as folder:
        images = images or _draw(folder)
        times_s = {}
        for size_px in sorted({min(work.chain.sizes_px), max(work.chain.sizes_px)}):
            source = BatchSource(
                images=images,
                chain=replace(work.chain, sizes_px=(size_px,)),
                batch=len(images),
                seed=0,
            )
            make_batch(replace(source, batch=1), 0, 0)  # the first one prepares
            started_s = time.perf_counter()
            make_batch(source, 0, 0)
            times_s[size_px] = (time.perf_counter() - started_s) / len(images)
    return mean_by_area(times_s, work.chain.sizes_px) * work.batch


def _draw(folder: Path) -> tuple[TrainingImage, ...]:
    """Write drawn images of a usual size; a bitmap is quicker to decode than a JPEG."""
    images = []
    for index in range(CHAIN_IMAGES):
        rgb = np.resize(draw_scene(0, index).rgb, (USUAL_PX, USUAL_PX, 3))
        path = folder / f"{index}.bmp"
        path.write_bytes(bmp_bytes(rgb))
        images.append(
            TrainingImage(
                path=path,
                boxes_xyxy=np.array([[60, 60, 300, 300]] * 7, dtype=np.float32),
                classes=np.zeros(7, dtype=np.int32),
            )
        )
    return tuple(images)
