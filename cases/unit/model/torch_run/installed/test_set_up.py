"""How the installed torch is set up, and opened."""

import os

import numpy as np
import pytest

from harness.errors import DeviceMissing
from harness.model.machine.device import usable_threads
from harness.model.torch_run.device import open_device
from harness.model.torch_run.heads import torch_heads
from harness.model.torch_run.runtime import ARITHMETIC, import_torch


def test_what_would_change_numbers_is_off_however_it_was():
    torch = import_torch()
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    matmul.allow_tf32 = cudnn.allow_tf32 = cudnn.benchmark = True
    matmul.allow_fp16_reduced_precision_reduction = True
    matmul.allow_bf16_reduced_precision_reduction = True
    torch.set_float32_matmul_precision("medium")
    torch.use_deterministic_algorithms(mode=False)

    import_torch()

    assert not matmul.allow_tf32
    assert not cudnn.allow_tf32
    assert not cudnn.benchmark
    assert cudnn.deterministic
    assert not matmul.allow_fp16_reduced_precision_reduction
    assert not matmul.allow_bf16_reduced_precision_reduction
    assert torch.get_float32_matmul_precision() == "highest"
    assert torch.are_deterministic_algorithms_enabled()
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"


def test_the_processor_is_opened_with_what_computes_on_it():
    device = open_device(gpu=False)

    assert (device.kind, device.runtime, device.precision) == (
        "cpu",
        "torch",
        "float32",
    )
    assert device.model
    assert device.threads == usable_threads() == import_torch().get_num_threads()
    assert not device.optimise
    assert device.libraries == "oneDNN"
    assert device.arithmetic == ARITHMETIC


def test_a_gpu_computes_or_is_refused():
    """On a machine with a GPU it is opened; elsewhere nothing runs on the processor."""
    torch = import_torch()
    if torch.cuda.is_available():
        assert open_device(gpu=True).kind == "gpu"
        return

    with pytest.raises(DeviceMissing, match=r"^--gpu: (torch sees no GPU|this torch)"):
        open_device(gpu=True)


def test_heads_keep_no_hold_on_the_arrays_that_they_were_made_of():
    weights = {"w": np.ones((1, 3, 1, 1), np.float32)}
    heads = torch_heads(
        lambda ops, image: (ops.conv(image, "w", out=1, kernel=1),),
        weights,
        open_device(gpu=False),
    )
    weights["w"][:] = 0

    (found,) = heads(np.ones((2, 3, 4, 4), np.float32))

    assert found.dtype == np.float32
    assert found.tolist() == np.full((2, 1, 4, 4), 3.0).tolist()
