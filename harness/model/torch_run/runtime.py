"""Imports torch, set up for measuring, and tells its version."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
from typing import Any

from harness.errors import DeviceMissing

Torch = Any  # not installed where types are checked
Tensor = Any

#: Distributions that compute: torchvision has the deformable convolution.
DISTRIBUTIONS = ("torch", "torchvision")

#: What cuBLAS must be told before it starts, to add up in one order.
#: # docs.nvidia.com/cuda/cublas, "Results reproducibility"
WORKSPACE, ONE_ORDER = "CUBLAS_WORKSPACE_CONFIG", ":4096:8"

#: What :func:`import_torch` makes so, as records tell it.
ARITHMETIC = (
    "TF32 off in matmul and cuDNN, sums in half precision off, deterministic kernels"
)


#: What :func:`library_versions` tells, as a pattern.
LIBRARIES = r"oneDNN|none|CUDA [\w.]+, cuDNN [\w.]+|ROCm [\w.-]+, MIOpen [\w.]+"


def import_torch() -> Torch:
    """Import torch, set up for measuring: see ``ARITHMETIC``.

    TF32 moves the AP of a float row by up to 0.03 and of a quantised one by 0.18
    (measured on an H100).  # zoo-spec 8

    Raises:
        DeviceMissing: torch or torchvision is not installed, or cannot be loaded.
    """
    os.environ.setdefault(WORKSPACE, ONE_ORDER)
    try:
        import torch

        importlib.import_module("torchvision.ops")  # its operators become torch's
    except (ImportError, OSError, RuntimeError) as error:
        raise DeviceMissing(
            "torch cannot be imported",
            expected=" and ".join(DISTRIBUTIONS),
            got=str(error).strip().partition("\n")[0],
            next_step="install zoo-harness[torch], or drop --runtime torch",
        ) from error
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    matmul.allow_tf32 = cudnn.allow_tf32 = False
    matmul.allow_fp16_reduced_precision_reduction = False
    matmul.allow_bf16_reduced_precision_reduction = False
    torch.set_float32_matmul_precision("highest")  # oneDNN's, on the processor
    cudnn.benchmark, cudnn.deterministic = False, True
    torch.use_deterministic_algorithms(mode=True)
    return torch


def torch_version() -> str:
    """Return distributions and versions of torch, without importing it.

    A local part says for what it was built: ``"torch 2.13.0+cpu, ..."``.
    """
    told = []
    for name in DISTRIBUTIONS:
        try:
            told.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            told.append(f"{name} none")
    return ", ".join(told)


def library_versions(torch: Torch, *, gpu: bool) -> str:
    """Return what torch computes with: ``"CUDA 13.0, cuDNN 9.24.0"``.

    Args:
        torch: imported.
        gpu: whether a GPU computes; on the processor it is oneDNN.
    """
    if not gpu:
        return "oneDNN" if torch.backends.mkldnn.is_available() else "none"
    if torch.version.hip is not None:
        return f"ROCm {torch.version.hip}, MIOpen {torch.backends.cudnn.version()}"
    return (
        f"CUDA {torch.version.cuda}, cuDNN {cudnn_text(torch.backends.cudnn.version())}"
    )


def cudnn_text(number: int | None) -> str:
    """Return a version of cuDNN as it is written: 92400 is ``"9.24.0"``."""
    if number is None:
        return "none"
    # 8.x counted in thousands, 9 and later count in tens of thousands.  # cudnn.h
    major, rest = divmod(number, 10_000 if number >= 90_000 else 1_000)
    return f"{major}.{rest // 100}.{rest % 100}"
