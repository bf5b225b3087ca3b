"""What is told of torch without it, and how a missing one is refused."""

import importlib.metadata
import re
import sys
from types import SimpleNamespace

import pytest

from harness.errors import DeviceMissing
from harness.model.torch_run.device import open_device
from harness.model.torch_run.runtime import (
    LIBRARIES,
    cudnn_text,
    library_versions,
    torch_version,
)


def test_a_torch_that_is_not_installed_is_refused_by_name(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)

    with pytest.raises(
        DeviceMissing,
        match="^torch cannot be imported; expected torch and torchvision, got .+; "
        r"install zoo-harness\[torch\], or drop --runtime torch$",
    ):
        open_device(gpu=False)


def test_its_version_is_that_of_both_distributions(monkeypatch):
    versions = {"torch": "2.13.0+cpu", "torchvision": "0.28.0"}
    monkeypatch.setattr(importlib.metadata, "version", versions.__getitem__)

    assert torch_version() == "torch 2.13.0+cpu, torchvision 0.28.0"


def test_without_it_none_is_told(monkeypatch):
    def version(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)

    assert torch_version() == "torch none, torchvision none"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (92400, "9.24.0"),
        (90100, "9.1.0"),
        (8902, "8.9.2"),
        (8600, "8.6.0"),
        (None, "none"),
    ],
)
def test_a_version_of_cudnn_is_written_as_its_makers_do(number, text):
    assert cudnn_text(number) == text


def build(*, cuda=None, hip=None, cudnn=None, has_onednn=True):
    """Stand in for a torch that was built so."""
    return SimpleNamespace(
        version=SimpleNamespace(cuda=cuda, hip=hip),
        backends=SimpleNamespace(
            cudnn=SimpleNamespace(version=lambda: cudnn),
            mkldnn=SimpleNamespace(is_available=lambda: has_onednn),
        ),
    )


@pytest.mark.parametrize(
    ("torch", "gpu", "told"),
    [
        (build(cuda="13.0", cudnn=92400), True, "CUDA 13.0, cuDNN 9.24.0"),
        (build(hip="7.1.2-9", cudnn=3005000), True, "ROCm 7.1.2-9, MIOpen 3005000"),
        (build(cuda="13.0", cudnn=92400), False, "oneDNN"),
        (build(has_onednn=False), False, "none"),
    ],
)
def test_the_libraries_of_the_device_are_told(torch, gpu, told):
    assert library_versions(torch, gpu=gpu) == told
    assert re.fullmatch(LIBRARIES, told)
