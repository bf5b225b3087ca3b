"""Times networks, and the reading of images, on this machine."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from harness.dataset.drawn.bmp import bmp_bytes
from harness.dataset.drawn.scenes import draw_scene
from harness.dataset.image import ImageEntry
from harness.dataset.views import DECODERS, Square, View
from harness.errors import HarnessError
from harness.files.temporary import temporary_folder
from harness.model.boxes.face_looks import looked_at_px2
from harness.model.detectors.architectures import network_of_row
from harness.model.machine.device import Device
from harness.model.paddle_run.forward_time import time_forward
from harness.model.runtimes.runtimes import runtime_of
from harness.pipeline.measure.architectures import view_of
from harness.pipeline.measure.environment import describe_environment
from harness.values.records import Environment
from harness.values.rows import Row

LOGGER = logging.getLogger(__name__)

#: Images that are decoded and resized to learn what one takes.
READ_IMAGES = 8

#: Side of the drawn images, and of images looked at as they are, when none is there.
USUAL_PX = 640

#: Of a WIDER FACE image, whose width is always 1024: what several looks are taken at.
PHOTOGRAPH_HW = (768, 1024)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Images to be read for some detectors."""

    row: Row  # says what decodes and what is looked at
    sizes_px: tuple[int, ...]
    images: Sequence[ImageEntry]  # empty when they are not there


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Times networks and images, each network and size once."""

    device: Device
    _known_s: dict[tuple[object, ...], float] = field(default_factory=dict)

    def forward_s(self, row: Row, input_px: int) -> float:
        """Return the seconds that one image takes in a row's network.

        Weights are drawn, in the row's real shapes; no archive is needed.
        """
        is_square = isinstance(view_of(row, input_px), Square)
        key = (row.architecture, row.backbone, row.shaped_by, row.num_classes, input_px)
        if (row.width, *key) not in self._known_s:
            side_px = input_px if is_square else USUAL_PX
            self._known_s[row.width, *key] = time_forward(
                network_of_row(row),
                self.device,
                height_px=side_px,
                width_px=side_px,
                open_heads=runtime_of(self.device).open_heads,
            )
            LOGGER.info(
                "%s timed on %s at %s px: %.4f s an image",
                row.row_id,
                self.device.model,
                side_px,
                self._known_s[row.width, *key],
            )
        seconds = self._known_s[row.width, *key]
        if not is_square and row.scales == "multi":
            return seconds * looked_at_px2(*PHOTOGRAPH_HW) / USUAL_PX**2
        return seconds

    def reading_s(self, reading: Reading) -> float:
        """Return the seconds that decoding and resizing one image take.

        The first images of the set are read, or drawn ones when it is not there.
        """
        views = [view_of(reading.row, one) for one in reading.sizes_px]
        paths = [one.path for one in reading.images[:READ_IMAGES]]
        LOGGER.info(
            "reading of %s timed on %s images",
            reading.row.dataset,
            len(paths) or f"{READ_IMAGES} drawn",
        )
        if paths:
            return _time_reading(paths, views)
        with temporary_folder("images") as folder:
            return _time_reading(_draw(folder), views)

    def environment(self, row: Row) -> Environment:
        """Return what would compute the row's numbers."""
        return describe_environment(
            self.device,
            dataset=row.dataset,
            decoder=view_of(row, row.input_px).decoder,
        )


def _time_reading(paths: Sequence[Path], views: Sequence[View]) -> float:
    decode = DECODERS[views[0].decoder]
    started_s = time.perf_counter()
    for path in paths:
        try:
            rgb = decode(path)
        except HarnessError:
            continue  # `zoo data check` says which; one of eight changes no estimate
        for view in views:
            view.look(rgb)
    return (time.perf_counter() - started_s) / len(paths)


def _draw(folder: Path) -> list[Path]:
    """Write drawn images of a usual size; a bitmap is quicker to decode than a JPEG."""
    paths = []
    for index in range(READ_IMAGES):
        rgb = np.resize(draw_scene(0, index).rgb, (USUAL_PX, USUAL_PX, 3))
        path = folder / f"{index}.bmp"
        path.write_bytes(bmp_bytes(rgb))
        paths.append(path)
    return paths
