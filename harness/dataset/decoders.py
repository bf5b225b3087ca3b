"""How the images of each dataset were read by its published evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from harness.dataset.image import Pixels, read_rgb
from harness.dataset.pil_image import read_rgb_with_pil

#: Dataset -> what makes pixels of a file.  # zoo-spec 1.2, 1.6, 1.7
DECODERS: Mapping[str, Callable[[Path], Pixels]] = {
    "coco": read_rgb,
    "voc": read_rgb,
    "widerface": read_rgb_with_pil,
}
