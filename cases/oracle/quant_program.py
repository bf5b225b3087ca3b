"""A program in, the same with PaddleSlim's quantisation; and what was put into it."""

import logging
from collections import namedtuple

import paddle.fluid as fluid
from paddle.fluid.framework import IrGraph

logging.disable(logging.INFO)  # paddleslim tells its configuration at every call
from paddleslim.quant import quant_aware  # noqa: E402

OUTPUT_PATTERN = "yolo_output"
CONVOLUTIONS = ("conv2d", "depthwise_conv2d", "deformable_conv")

#: A convolution of a program: the names of its weights and output, of the activation
#: that it reads, of that one's integers and its scale, of the channels' scales. None
#: where there is none: of a float convolution, or of weights not yet frozen.
Conv = namedtuple("Conv", "weights output activation integers scale channel_scales")


def config_of(skip_outputs):
    """What quant_aware and convert are told (zoo-spec 4.5)."""
    return {
        "weight_quantize_type": "channel_wise_abs_max",
        "activation_quantize_type": "moving_average_abs_max",
        "weight_bits": 8,
        "activation_bits": 8,
        "not_quant_pattern": [OUTPUT_PATTERN] if skip_outputs else [],
        "quantize_op_types": ["depthwise_conv2d", "mul", "conv2d"],
    }


def quantise(program, scope, skip_outputs, for_test):
    """``quant_aware`` as published; it sets the scales in ``scope`` to 0.001.

    A training program comes back as a plain program too: the compiled one that
    paddleslim gives can be run and not be saved.
    """
    place, config = fluid.CPUPlace(), config_of(skip_outputs)
    made = quant_aware(program, place, config, scope, for_test)
    if for_test:
        return made
    return IrGraph(made._graph, for_test=False).to_program()


def convolutions(program):
    """The convolutions of a program, quantised or not, frozen or not, in its order."""
    block = program.global_block()
    makers = {name: op for op in block.ops for name in op.output_arg_names}
    readers = {}
    for op in block.ops:
        for name in op.input_arg_names:
            readers.setdefault(name, []).append(op)
    return [
        _read_convolution(op, makers, readers)
        for op in block.ops
        if op.type in CONVOLUTIONS
    ]


def _read_convolution(op, makers, readers):
    (source,), (weights,), (output,) = (
        op.input("Input"),
        op.input("Filter"),
        op.output("Output"),
    )
    quantiser = _quantiser(source, makers)
    if quantiser is None:
        return Conv(weights, output, source, None, None, None)
    (activation,), (scale,) = quantiser.input("X"), quantiser.input("InScale")
    (integers,) = quantiser.output("Out")
    channel_scales = None
    weight_quantiser = _quantiser(weights, makers)
    if weight_quantiser is not None:  # not frozen: the program makes the integers
        (weights,) = weight_quantiser.input("X")
    else:
        (after,) = readers[output]
        channel_scales = after.input("Scales")[0]
        (output,) = after.output("Out")
    return Conv(weights, output, activation, integers, scale, channel_scales)


def _quantiser(name, makers):
    """The operator that made the integers ``name`` is made of; None: there is none."""
    maker = makers.get(name)
    while maker is not None and maker.type.startswith("fake_"):
        if "dequantize" not in maker.type:
            return maker
        maker = makers.get(maker.input("X")[0])
    return None
