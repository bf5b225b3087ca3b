"""What torch does not compute in; no torch is needed to refuse it."""

import pytest

from harness.errors import DeviceMissing
from harness.model.torch_run import device as device_module
from harness.model.torch_run.device import open_device


def never():
    raise AssertionError("asked too early")


@pytest.mark.parametrize("gpu", [False, True])
@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_another_precision_than_float32_is_refused_before_torch(
    monkeypatch, gpu, precision
):
    monkeypatch.setattr(device_module, "import_torch", never)

    with pytest.raises(
        DeviceMissing,
        match=f"^--precision {precision} with --runtime torch; expected float32; "
        "drop --runtime or --precision: Paddle computes in it$",
    ):
        open_device(gpu=gpu, precision=precision)
