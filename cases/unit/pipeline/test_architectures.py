"""Which detector an opened archive gets."""

from pathlib import Path

import pytest

from harness.artifact.checkpoint_folder import find_checkpoint_folder
from harness.artifact.unpack import unpack
from harness.model.device import open_device
from harness.model.face_archive import open_face_archive
from harness.model.face_detector import FaceDetector
from harness.model.program_detector import ProgramFaceDetector
from harness.pipeline.architectures import ARCHITECTURES

ORACLE = Path(__file__).parents[1] / "data" / "oracle"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("layout_blazeface_lite_program_params", ProgramFaceDetector),
        ("layout_blazeface_lite_pdparams", FaceDetector),
    ],
)
def test_a_face_program_runs_as_it_is_and_face_weights_in_our_network(
    tmp_path: Path, name: str, kind: type
) -> None:
    folder = find_checkpoint_folder(unpack(ORACLE / f"{name}.tar.gz", tmp_path), name)
    opened = open_face_archive(folder, edition="lite", width=1 / 4)

    blazeface = ARCHITECTURES["blazeface"]
    detectors = blazeface.open_detectors(opened, open_device(gpu=False), True)

    assert type(detectors(640)) is kind
    assert detectors(640).input_px == 640
