"""Builds the static graph of a network, and writes it as bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.model.networks.functions import NetworkFunction
from harness.model.networks.shapes import NetworkShapes, network_shapes
from harness.model.paddle_run.int8_ops import Int8Ops
from harness.model.paddle_run.runtime import import_paddle
from harness.model.paddle_run.tensors import TensorOps

Program = Any  # Paddle 2.6 has no stubs


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticGraph:
    """A program in Paddle's static mode; its weights lie elsewhere."""

    program: Program
    image: Any  # the input variable, [-1, 3, -1, -1]
    heads: tuple[Any, ...]  # the output variables
    shapes: NetworkShapes
    #: What it needs beside the network's variables, ``[1]`` each.
    scales: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


def build_graph(
    network: NetworkFunction,
    *,
    ops: Callable[[Mapping[str, Any]], TensorOps] = TensorOps,
) -> StaticGraph:
    """Build the evaluation program with every variable under its fluid name.

    Args:
        network: what to build.
        ops: makes the operations of the variables.
    """
    paddle = import_paddle()
    shapes = network_shapes(network)
    with static_mode():
        main, startup = paddle.static.Program(), paddle.static.Program()
        with (
            paddle.static.program_guard(main, startup),
            paddle.utils.unique_name.guard(),
        ):
            image = paddle.static.data("image", [-1, 3, -1, -1], "float32")
            state = {
                name: paddle.static.create_parameter(
                    list(variable.shape), "float32", name=name
                )
                for name, variable in shapes.variables.items()
            }
            operations = ops(state)
            heads = network(operations, image)
            program = main.clone(for_test=True)
    return StaticGraph(
        program=program,
        image=image,
        heads=heads,
        shapes=shapes,
        scales=operations.scales if isinstance(operations, Int8Ops) else {},
    )


def scope_of(graph: StaticGraph, weights: Mapping[str, NDArray[Any]]) -> Any:
    """Return a scope of its own that holds a copy of every weight.

    Args:
        graph: whose variables.
        weights: a value for each of them.
    """
    paddle = import_paddle()
    scope, place = paddle.static.Scope(), paddle.CPUPlace()
    for name in graph.shapes.variables:
        scope.var(name).get_tensor().set(weights[name], place)
    return scope


def serialise(graph: StaticGraph) -> bytes:
    """Return the program without its weights, as Paddle Inference reads it."""
    paddle = import_paddle()
    with static_mode():
        program = paddle.static.normalize_program(
            graph.program, [graph.image], list(graph.heads)
        )
        return bytes(
            paddle.static.serialize_program(
                [graph.image], list(graph.heads), program=program
            )
        )


@contextmanager
def static_mode() -> Iterator[None]:
    """Switch to static mode and back to whatever was before."""
    paddle = import_paddle()
    was_dynamic = paddle.in_dynamic_mode()
    paddle.enable_static()
    try:
        yield
    finally:
        if was_dynamic:
            paddle.disable_static()
