"""Programs of quantised archives, as PaddleSlim wrote them."""

from pathlib import Path

import pytest

from harness.artifact.unpack import unpack

QUANT = Path(__file__).parents[3] / "oracle" / "quant"
NAMES = ("yolov3_aware_all_float", "yolov3_post_files", "blazeface_aware_export")


@pytest.fixture(scope="session")
def quantised_programs(tmp_path_factory) -> list[bytes]:
    """The bytes of programs that have, together, all operators that quantise."""
    cache = tmp_path_factory.mktemp("quantised")
    folders = [unpack(QUANT / f"{name}.tar.gz", cache) for name in NAMES]
    return [
        path.read_bytes()
        for folder in folders
        for path in sorted(folder.rglob("__model__"))
    ]
