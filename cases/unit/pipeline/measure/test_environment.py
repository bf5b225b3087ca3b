import importlib.metadata
import platform
import re
from dataclasses import replace

import pytest

import harness
from harness.errors import UsageError
from harness.model.machine.device import Device
from harness.model.paddle_run.distribution import PADDLE_DISTRIBUTIONS
from harness.pipeline.measure import environment
from harness.pipeline.measure.environment import describe_environment, paddle_version

DEVICE = Device(kind="cpu", model="a processor", threads=2)


def test_what_computes_here_is_described() -> None:
    told = describe_environment(DEVICE, dataset="coco", decoder="opencv")

    assert told.harness == harness.__version__
    assert told.python == platform.python_version()
    assert told.numpy == importlib.metadata.version("numpy")
    assert told.decoder.startswith("opencv-python-headless ")
    assert told.metric_engine.startswith("ultrafast-pycocotools ")
    assert (told.device, told.device_model, told.threads) == ("cpu", "a processor", 2)
    assert told.precision == "float32"
    assert told.graph_optimiser == "on"


def test_the_plain_graph_is_told() -> None:
    told = describe_environment(
        replace(DEVICE, optimise=False), dataset="coco", decoder="pillow"
    )

    assert told.graph_optimiser == "off"
    assert told.decoder == f"pillow {importlib.metadata.version('pillow')}"


def test_the_precision_of_the_device_is_told() -> None:
    told = describe_environment(
        replace(DEVICE, precision="bf16"),
        dataset="coco",
        decoder="opencv",
    )

    assert told.precision == "bf16"


def test_paddle_says_nothing_of_another_runtime() -> None:
    told = describe_environment(DEVICE, dataset="coco", decoder="opencv")

    assert (told.runtime, told.libraries, told.arithmetic) == ("", "", "")


def test_torch_is_told_with_what_it_computes_by_and_no_paddle() -> None:
    """Without importing it: its versions are none where it is not installed."""
    device = replace(
        DEVICE, runtime="torch", optimise=False, libraries="oneDNN", arithmetic="TF32"
    )
    told = describe_environment(device, dataset="coco", decoder="opencv")

    assert told.paddle == "none"
    assert re.fullmatch(r"torch \S+, torchvision \S+", told.runtime)
    assert (told.libraries, told.arithmetic) == ("oneDNN", "TF32")


@pytest.mark.parametrize("installed", PADDLE_DISTRIBUTIONS)
def test_paddle_is_named_by_its_distribution(
    monkeypatch: pytest.MonkeyPatch, installed: str
) -> None:
    def version(name: str) -> str:
        if name != installed:
            raise importlib.metadata.PackageNotFoundError(name)
        return "2.6.2"

    monkeypatch.setattr(environment.importlib.metadata, "version", version)

    assert paddle_version() == f"{installed} 2.6.2"


def test_two_paddles_in_one_environment_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        environment.importlib.metadata,
        "version",
        lambda name: "3.3.1" if name.endswith("gpu") else "2.6.2",
    )

    with pytest.raises(
        UsageError,
        match="^the Paddle of this environment; "
        "expected exactly one distribution of it, "
        r"got paddlepaddle 2\.6\.2, paddlepaddle-gpu 3\.3\.1; "
        "python -m pip uninstall paddlepaddle paddlepaddle-gpu, "
        "then install one of the extras cpu, cpu3, gpu$",
    ):
        paddle_version()


def test_without_paddle_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(environment.importlib.metadata, "version", version)

    assert paddle_version() == "none"
