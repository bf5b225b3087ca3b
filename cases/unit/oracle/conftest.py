"""A network of the old runtime, opened and run here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.artifact.checkpoint_folder import find_checkpoint_folder
from harness.artifact.unpack import unpack
from harness.model.boxes.face_boxes import normalise_faces
from harness.model.boxes.face_finding import FaceDetector, faces_of_heads
from harness.model.boxes.object_finding import ObjectDetector, objects_of_heads
from harness.model.boxes.preprocess import NORMALISATIONS, normalise
from harness.model.detectors.archive_heads import open_heads, plain_heads
from harness.model.detectors.blazeface import open_blazeface
from harness.model.detectors.opened_archive import OpenedArchive
from harness.model.detectors.yolov3 import open_yolov3
from harness.model.paddle_run.device import Device, open_device
from harness.model.program.opened_program import open_program
from harness.model.program.program_rows import boxes_in_pixels, boxes_in_shares

MADE = Path(__file__).parents[2] / "oracle" / "made"

Opened = OpenedArchive


@dataclass(frozen=True, slots=True, kw_only=True)
class OldNetwork:
    """What a network is, and where a golden keeps what the old runtime computed."""

    backbone: str  # the row's
    strategy: str = "baseline"
    num_classes: int = 5
    width: float
    is_face: bool = False

    def open(self, folder: Path) -> Opened:
        """Open an archive of it, whatever its layout."""
        if self.is_face:
            return open_blazeface(folder, edition=self.backbone, width=self.width)
        return open_yolov3(
            folder,
            backbone=self.backbone,
            strategy=self.strategy,
            num_classes=self.num_classes,
            width=self.width,
        )

    def heads(self, opened: Any, device: Device, way: str) -> Any:
        """Give the heads of uint8 images: plain, optimised or not optimised."""
        if way == "plain":
            run = plain_heads(opened)
        else:
            run = open_heads(opened, replace(device, optimise=way == "optimised"))
        return lambda images: run(self._normalise(images))

    def of(self, golden: Mapping[str, np.ndarray], size: str) -> dict[str, np.ndarray]:
        """Return the golden's arrays of one size by their plain names; boxes in px."""
        prefix = f"{self.backbone}." if self.is_face else ""
        plain = {
            name.removeprefix(prefix).removesuffix(f"_{size}"): one
            for name, one in golden.items()
            if name.endswith(f"_{size}")
            and ("." not in name or name.startswith(prefix or "-"))
        }
        if self.is_face:  # shares of the image
            _, height_px, width_px, _ = plain["images"].shape
            sides_px = np.float32([1, 1, *[width_px, height_px] * 2])
            plain["detections"] = plain["detections"] * sides_px
        return plain

    def detect(
        self, opened: Any, device: Device, golden: Mapping[str, np.ndarray]
    ) -> list[np.ndarray]:
        """Return rows ``[K, 6]`` of each image: of the program, or of the weights."""
        found = self._detector(opened, device, golden["images"].shape[1])(golden)
        return [
            np.column_stack([one.classes, one.scores, one.boxes_xyxy]) for one in found
        ]

    def _normalise(self, images: np.ndarray) -> np.ndarray:
        if self.is_face:
            return normalise_faces(images)
        return normalise(images, NORMALISATIONS[self.backbone])

    def _detector(self, opened: Any, device: Device, input_px: int) -> Any:
        kind = {"backbone": self.backbone, "input_px": input_px}
        if opened.program is not None:
            run = open_program(opened.program, opened.weights, device)
            if self.is_face:
                faces: Any = FaceDetector(
                    find=boxes_in_shares(run), input_px=input_px, scales="single"
                )
                return lambda golden: faces.look(golden["images"])
            detector: Any = ObjectDetector(find=boxes_in_pixels(run), **kind)
        elif self.is_face:
            heads = open_heads(opened, device)
            faces = FaceDetector(
                find=faces_of_heads(heads), input_px=input_px, scales="single"
            )
            return lambda golden: faces.look(golden["images"])
        else:
            detector = ObjectDetector(
                find=objects_of_heads(open_heads(opened, device)), **kind
            )
        return lambda golden: detector.detect(golden["images"], golden["im_size"])


@pytest.fixture(scope="session")
def old_network() -> type[OldNetwork]:
    """Say what a network of the old runtime is."""
    return OldNetwork


@pytest.fixture(scope="session")
def largest_difference() -> Callable[..., float]:
    """Compare heads with a golden's: the worst as a share of that head's maximum."""

    def compare(found: Any, golden: Mapping[str, np.ndarray]) -> float:
        expected = [golden[f"head_{place}"] for place in range(len(found))]
        assert f"head_{len(found)}" not in golden
        assert [one.shape for one in found] == [one.shape for one in expected]
        return max(
            float(np.abs(one - right).max() / np.abs(right).max())
            for one, right in zip(found, expected, strict=True)
        )

    return compare


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Unpack an archive as a downloaded one is."""
    cache = tmp_path_factory.mktemp("cache")

    def unpack_it(path: Path) -> Path:
        return find_checkpoint_folder(unpack(path, cache), path.name.partition(".")[0])

    return unpack_it


@pytest.fixture(scope="session")
def cpu() -> Device:
    """The CPU, opened."""
    return open_device(gpu=False)
