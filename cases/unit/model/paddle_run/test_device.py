import os
import platform
from types import SimpleNamespace

import pytest

from harness.errors import DeviceMissing
from harness.model.machine.device import cpu_model, usable_threads
from harness.model.paddle_run import device as device_module
from harness.model.paddle_run.device import open_device
from harness.model.paddle_run.runtime import import_paddle


def never():
    raise AssertionError("asked too early")


def test_the_cpu_is_opened_with_its_model_and_threads():
    device = open_device(gpu=False)

    assert device.kind == "cpu"
    assert device.model
    assert device.threads == usable_threads() >= 1


def test_asking_a_cpu_build_for_a_gpu_is_refused():
    if import_paddle().is_compiled_with_cuda():
        pytest.skip("this Paddle has CUDA; the fakes above stand for it")

    with pytest.raises(DeviceMissing, match="--gpu: this Paddle was built without"):
        open_device(gpu=True)


@pytest.fixture
def gpu_build(monkeypatch):
    """Stand in for a GPU wheel: it claims a device, and computes on the CPU."""
    real = import_paddle()
    asked = []
    build = SimpleNamespace(
        is_compiled_with_cuda=lambda: True,
        device=SimpleNamespace(
            cuda=SimpleNamespace(
                device_count=lambda: 1, get_device_name=lambda place: "Tesla V100"
            )
        ),
        set_device=asked.append,
        asked=asked,
        ones=real.ones,
        nn=real.nn,
    )
    monkeypatch.setattr("harness.model.paddle_run.device.import_paddle", lambda: build)
    return build


def test_a_gpu_wheel_that_computes_on_the_cpu_is_refused(gpu_build):
    with pytest.raises(
        DeviceMissing,
        match=r"^--gpu: the convolution ran elsewhere; expected a GPU, got Place\(cpu",
    ):
        open_device(gpu=True)
    assert gpu_build.asked == ["gpu:0"]


def test_a_convolution_with_a_wrong_result_is_refused(gpu_build):
    ones = gpu_build.ones
    gpu_build.ones = lambda shape: ones(shape) * 2

    with pytest.raises(
        DeviceMissing,
        match=r"failed; got ArithmeticError: sum of the result is 15552.0, not 3888",
    ):
        open_device(gpu=True)


def test_a_gpu_that_computed_is_opened_with_its_name(gpu_build):
    class OnGpu:
        place = "Place(gpu:0)"

        def sum(self):
            return 4 * 6 * 6 * 27

    gpu_build.nn = SimpleNamespace(
        functional=SimpleNamespace(conv2d=lambda x, weights: OnGpu())
    )

    device = open_device(gpu=True)

    assert (device.kind, device.model) == ("gpu", "Tesla V100")


def test_a_machine_that_hides_its_affinity_counts_its_processors(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)

    assert usable_threads() == 6


@pytest.mark.parametrize(
    ("asked", "count"),
    [("1", 1), ("5", 5), ("6", 6), ("7", 6), ("0", 6), ("", 6), ("4,2", 6), ("-1", 6)],
)
def test_fewer_threads_can_be_asked_for(monkeypatch, asked, count):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)), raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", asked)

    assert usable_threads() == count


def test_the_processor_has_a_name_on_any_system(monkeypatch):
    monkeypatch.setattr("harness.model.machine.device.Path.exists", lambda self: False)
    monkeypatch.setattr(platform, "processor", lambda: "")
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")

    assert cpu_model() == "riscv64"


def test_a_precision_that_is_not_computed_is_refused_before_paddle(monkeypatch):
    monkeypatch.setattr(device_module, "cpu_flags", frozenset)
    monkeypatch.setattr(device_module, "import_paddle", never)

    with pytest.raises(DeviceMissing, match=r"^--precision int8: this processor does"):
        open_device(gpu=False, precision="int8")


def test_the_device_says_what_computes_the_precision(monkeypatch):
    monkeypatch.setattr(device_module, "cpu_flags", lambda: {"avx512_vnni", "fma"})
    device = open_device(gpu=False, precision="int8")

    assert (device.precision, device.instructions) == ("int8", ("avx512_vnni",))
    assert open_device(gpu=False).instructions == ()
