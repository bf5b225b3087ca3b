"""What Paddle Inference really runs: its own optimised program."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest

from harness.model.fluid.lod_tensor import write_records
from harness.model.networks.backbones import BACKBONES
from harness.model.networks.blazeface import EDITIONS, BlazeFace
from harness.model.networks.pruned_channels import pruned_channels
from harness.model.networks.shapes import network_shapes
from harness.model.networks.yolov3 import YoloV3
from harness.model.paddle_run.graph import build_graph, serialise
from harness.model.paddle_run.predictor import set_up

WIDTH = 1 / 16
CONV, SUM, NORM = "fused_conv2d", "fused_elementwise_add", "batch_norm"
#: How many activations are inside of which operator. A sum of two branches is inside of
#: a convolution, too, where the convolution's output is used nowhere else.
RESIDUAL_50 = {
    (CONV, "leaky_relu"): 20,
    (CONV, "relu"): 45,
    (SUM, "relu"): 3,
    (NORM, "relu"): 3,
}
INSIDE = {
    "mobilenet_v1": {(CONV, "leaky_relu"): 20, (CONV, "relu"): 27},
    "resnet34": {(CONV, "leaky_relu"): 20, (CONV, "relu"): 33},
    "resnet50_vd_dcn": RESIDUAL_50,
    "resnet50_vd_dcn_obj365": RESIDUAL_50,
    "original": {(CONV, "relu"): 37, (SUM, "relu"): 7},
    "lite": {(CONV, "relu"): 44, (SUM, "relu"): 16},
    "nas": {(CONV, "relu"): 25, (SUM, "relu"): 5},
}
#: Batch normalisations inside of convolutions.
NORMALISED = {
    "mobilenet_v1": 47,
    "resnet34": 57,
    "resnet50_vd_dcn": 72,
    "resnet50_vd_dcn_obj365": 72,
    "original": 38,
    "lite": 44,
    "nas": 26,
}
#: Batch normalisations that stay: those after a deformable convolution, each with the
#: ReLU that follows it inside. Nothing in Paddle folds them.
LEFT = {"resnet50_vd_dcn": 3, "resnet50_vd_dcn_obj365": 3}
OUTPUTS = {"yolov3": 3, "blazeface": 4}
#: What has no kernel in oneDNN.
NOT_ONEDNN = {"feed", "fetch", "stanh", "deformable_conv"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """A network's program, as it was exported and as it is run."""

    name: str
    exported: Counter
    optimised: Counter
    without_onednn: set
    inside: Counter  # (operator, activation inside it)


def network_of(name):
    if name in EDITIONS:
        return BlazeFace(edition=name)
    channels = pruned_channels("none", WIDTH)
    return YoloV3(backbone=name, num_classes=5, width=WIDTH, head_channels=channels)


def operators_of(content):
    """Read by Paddle's own reader: its optimiser writes an attribute twice."""
    from paddle.base.proto.framework_pb2 import ProgramDesc

    return ProgramDesc.FromString(content).blocks[0].ops


def activation_of(operator):
    """Return the activation inside of an operator; of two attributes the last holds."""
    told = {one.name: one for one in operator.attrs}
    if "fuse_with_relu" in told and told["fuse_with_relu"].b:
        return "relu"  # how a batch normalisation says it
    return told["fuse_activation"].s if "fuse_activation" in told else ""


def runs_in_onednn(operator):
    return any(one.name == "use_mkldnn" and one.b for one in operator.attrs)


@pytest.fixture(scope="module", params=[*BACKBONES, *EDITIONS])
def both(request, tmp_path_factory, cpu):
    from paddle import inference

    folder = tmp_path_factory.mktemp("optimised")
    network = network_of(request.param)
    exported = serialise(build_graph(network))
    (folder / "model").write_bytes(exported)
    variables = network_shapes(network).variables
    ones = (np.ones(variables[one].shape, np.float32) for one in sorted(variables))
    write_records(folder / "weights", ones)
    config = inference.Config(str(folder / "model"), str(folder / "weights"))
    set_up(config, cpu)
    config.enable_save_optim_model(True)
    config.set_optim_cache_dir(str(folder / "saved"))
    inference.create_predictor(config)
    content = (folder / "saved" / "_optimized.pdmodel").read_bytes()
    operators = operators_of(content)
    return Both(
        name=request.param,
        exported=Counter(one.type for one in operators_of(exported)),
        optimised=Counter(one.type for one in operators),
        without_onednn={one.type for one in operators if not runs_in_onednn(one)},
        inside=Counter((one.type, activation_of(one)) for one in operators),
    )


def test_every_operator_that_onednn_has_runs_there(both):
    assert both.without_onednn <= NOT_ONEDNN
    assert both.optimised["fused_conv2d"] > 0


def test_every_batch_normalisation_after_a_convolution_is_inside_it(both):
    left = LEFT.get(both.name, 0)

    assert both.optimised["batch_norm"] == left == both.exported["deformable_conv"]
    assert both.optimised["fused_conv2d"] == NORMALISED[both.name]
    assert both.exported["batch_norm"] == NORMALISED[both.name] + left
    assert both.optimised["depthwise_conv2d"] == 0


def test_only_the_outputs_and_the_steering_are_plain_convolutions(both):
    outputs = OUTPUTS["blazeface" if both.name in EDITIONS else "yolov3"]

    assert both.optimised["conv2d"] == outputs + LEFT.get(both.name, 0)


def test_every_activation_is_inside_another_operator(both):
    assert both.optimised["relu"] == both.optimised["leaky_relu"] == 0
    assert {one: n for one, n in both.inside.items() if one[1]} == INSIDE[both.name]
    for activation in ("relu", "leaky_relu"):
        inside = (n for one, n in both.inside.items() if one[1] == activation)
        assert sum(inside) == both.exported[activation]
