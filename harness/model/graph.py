"""A network and its weights in, a serialised static graph out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from harness.model.plan import Plan, plan_network
from harness.model.runtime import import_paddle
from harness.model.tensors import TensorOps

Program = Any  # Paddle 2.6 has no stubs

NetworkFunction = Callable[[Any, Any], tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticGraph:
    """A program in Paddle's static mode, its weights in a scope of its own."""

    program: Program
    scope: Any
    image: Any  # the input variable, [-1, 3, -1, -1]
    heads: tuple[Any, ...]  # the output variables
    plan: Plan


def build_graph(
    network: NetworkFunction, weights: Mapping[str, NDArray[Any]]
) -> StaticGraph:
    """Build the evaluation program with every variable under its fluid name.

    Args:
        network: what to build.
        weights: a value for each variable of its plan.
    """
    paddle = import_paddle()
    plan = plan_network(network)
    with static_mode():
        main, startup = paddle.static.Program(), paddle.static.Program()
        scope = paddle.static.Scope()
        with (
            paddle.static.program_guard(main, startup),
            paddle.utils.unique_name.guard(),
            paddle.static.scope_guard(scope),
        ):
            image = paddle.static.data("image", [-1, 3, -1, -1], "float32")
            state = {
                name: paddle.static.create_parameter(
                    list(variable.shape), "float32", name=name
                )
                for name, variable in plan.variables.items()
            }
            heads = network(TensorOps(state), image)
            program = main.clone(for_test=True)
            place = paddle.CPUPlace()
            for name in plan.variables:
                scope.var(name).get_tensor().set(weights[name], place)
    return StaticGraph(
        program=program, scope=scope, image=image, heads=heads, plan=plan
    )


def serialise(graph: StaticGraph) -> tuple[bytes, bytes]:
    """Return the program and its parameters, as Paddle Inference reads them."""
    paddle = import_paddle()
    with static_mode(), paddle.static.scope_guard(graph.scope):
        executor = paddle.static.Executor(paddle.CPUPlace())
        program = paddle.static.normalize_program(
            graph.program, [graph.image], list(graph.heads)
        )
        return (
            bytes(
                paddle.static.serialize_program(
                    [graph.image], list(graph.heads), program=program
                )
            ),
            bytes(
                paddle.static.serialize_persistables(
                    [graph.image], list(graph.heads), executor, program=program
                )
            ),
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
