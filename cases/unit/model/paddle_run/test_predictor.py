import tempfile
from dataclasses import replace

import numpy as np
import pytest

from harness.errors import UsageError
from harness.model.paddle_run.device import Device
from harness.model.paddle_run.graph import build_graph, serialise
from harness.model.paddle_run.predictor import Predictor, set_up


@pytest.fixture(scope="module")
def serialised(tiny_network, random_weights):
    return serialise(build_graph(tiny_network)), random_weights


def test_the_outputs_come_in_the_order_of_the_heads(serialised, cpu):
    predictor = Predictor(*serialised, device=cpu)

    outputs = predictor.run(np.zeros((2, 3, 64, 64), np.float32))

    assert [one.shape for one in outputs] == [
        (2, 30, 2, 2),
        (2, 30, 4, 4),
        (2, 30, 8, 8),
    ]


def test_images_in_any_memory_order_are_read_right(serialised, cpu):
    predictor = Predictor(*serialised, device=cpu)
    x = np.random.default_rng(1).standard_normal((1, 3, 64, 64)).astype(np.float32)

    straight = predictor.run(x)
    turned = predictor.run(np.asfortranarray(x))

    for one, other in zip(straight, turned, strict=True):
        assert np.array_equal(one, other)


def test_a_later_run_does_not_change_an_earlier_result(serialised, cpu):
    predictor = Predictor(*serialised, device=cpu)

    first = predictor.run(np.zeros((1, 3, 64, 64), np.float32))
    before = [one.copy() for one in first]
    predictor.run(np.ones((1, 3, 64, 64), np.float32))

    for one, other in zip(first, before, strict=True):
        assert np.array_equal(one, other)


def test_the_number_of_threads_does_not_change_the_result(serialised, cpu):
    x = np.random.default_rng(1).standard_normal((1, 3, 64, 64)).astype(np.float32)

    outputs = [
        Predictor(*serialised, device=replace(cpu, threads=threads)).run(x)
        for threads in (1, 2)
    ]

    for one, other in zip(*outputs, strict=True):
        assert np.abs(one - other).max() < 1e-5 * np.abs(one).max()


def test_nothing_is_left_of_the_files_that_paddle_reads(
    serialised, cpu, tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    predictor = Predictor(*serialised, device=cpu)

    assert not list(tmp_path.iterdir())
    assert predictor.run(np.zeros((1, 3, 64, 64), np.float32))


def test_the_optimised_graph_is_the_plain_one(serialised, cpu):
    x = np.random.default_rng(1).standard_normal((1, 3, 64, 64)).astype(np.float32)

    optimised, plain = (
        Predictor(*serialised, device=replace(cpu, optimise=one)).run(x)
        for one in (True, False)
    )

    for one, other in zip(optimised, plain, strict=True):
        assert np.abs(one - other).max() < 1e-4 * np.abs(other).max()


class Configuration:
    """Notes what Paddle Inference is asked for."""

    def __init__(self):
        self.asked = {}

    def __getattr__(self, name):
        return lambda *values: self.asked.update({name: values})


def asked_for(**device):
    config = Configuration()
    set_up(config, Device(**{"kind": "cpu", "model": "any", "threads": 3, **device}))
    return config.asked


def test_a_processor_computes_with_onednn_on_as_many_threads_as_there_are():
    assert asked_for() == {
        "disable_glog_info": (),
        "switch_ir_optim": (True,),
        "enable_memory_optim": (True,),
        "disable_gpu": (),
        "set_cpu_math_library_num_threads": (3,),
        "enable_mkldnn": (),
    }


def test_a_graph_as_it_is_has_neither_passes_nor_onednn():
    assert asked_for(optimise=False) == {
        "disable_glog_info": (),
        "switch_ir_optim": (False,),
        "enable_memory_optim": (False,),
        "disable_gpu": (),
        "set_cpu_math_library_num_threads": (3,),
    }


def test_a_gpu_is_the_first_one_and_starts_with_little_memory():
    assert asked_for(kind="gpu") == {
        "disable_glog_info": (),
        "switch_ir_optim": (True,),
        "enable_memory_optim": (True,),
        "enable_use_gpu": (512, 0),
    }


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_another_precision_needs_the_optimised_graph(serialised, cpu, precision):
    device = replace(cpu, precision=precision, optimise=False)

    with pytest.raises(UsageError, match=f"^{precision} without graph optimisation$"):
        Predictor(*serialised, device=device)


def test_of_another_precision_onednn_alone_is_told():
    more = [
        asked_for(precision=one).keys() - asked_for().keys()
        for one in ("float32", "bf16", "int8")
    ]

    assert more == [set(), {"enable_mkldnn_bfloat16"}, {"enable_mkldnn_int8"}]
