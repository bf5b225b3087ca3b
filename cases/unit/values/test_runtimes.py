import pytest

from harness.errors import UsageError
from harness.model.runtimes.runtimes import RUNTIMES as BUILT
from harness.values.options import RUNTIME
from harness.values.runtimes import PADDLE, RUNTIMES, chosen_runtime


def test_every_word_is_built_and_the_default_is_paddle() -> None:
    assert tuple(BUILT) == RUNTIMES
    assert RUNTIME.default == PADDLE
    assert RUNTIME.metavar == "|".join(RUNTIMES)


@pytest.mark.parametrize("asked", [None, ""])
def test_without_a_word_paddle_computes(asked: str | None) -> None:
    assert chosen_runtime(asked) == "paddle"


@pytest.mark.parametrize("asked", RUNTIMES)
def test_a_runtime_is_chosen_by_its_word(asked: str) -> None:
    assert chosen_runtime(asked) == asked


@pytest.mark.parametrize("asked", ["Torch", "jax\n", "paddle torch"])
def test_another_word_is_refused(asked: str) -> None:
    with pytest.raises(
        UsageError,
        match=r"^--runtime \(ZOO_RUNTIME\); expected paddle or torch, got '\w+.*'; "
        "leave it out for paddle$",
    ):
        chosen_runtime(asked)
