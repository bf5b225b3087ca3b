import numpy as np
import pytest

from harness.model.paddle_run.graph import build_graph, scope_of, static_mode
from harness.model.paddle_run.runtime import import_paddle


def value_in(scope, name):
    return np.array(scope.find_var(name).get_tensor())


def test_every_variable_has_its_own_value_under_its_fluid_name(
    tiny_network, random_weights
):
    graph = build_graph(tiny_network)
    first = scope_of(graph, random_weights)
    scope_of(graph, {name: one * 2 for name, one in random_weights.items()})

    assert set(graph.shapes.variables) == set(random_weights)
    for name, value in random_weights.items():
        assert np.array_equal(value_in(first, name), value), name


def test_static_mode_ends_where_it_began():
    paddle = import_paddle()

    with static_mode():
        assert not paddle.in_dynamic_mode()
        with static_mode():
            pass
        assert not paddle.in_dynamic_mode()
    assert paddle.in_dynamic_mode()


def test_static_mode_ends_after_an_error_too():
    with pytest.raises(ZeroDivisionError), static_mode():
        raise ZeroDivisionError

    assert import_paddle().in_dynamic_mode()
