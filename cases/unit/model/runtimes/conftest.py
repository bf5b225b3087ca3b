"""The runtimes that are installed here; each is held to the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from harness.model.machine.device import Device
from harness.model.paddle_run.runtime import import_paddle
from harness.model.paddle_run.tensors import TensorOps
from harness.model.runtimes.runtimes import RUNTIMES, open_device
from harness.model.torch_run.runtime import import_torch
from harness.model.torch_run.tensors import TorchOps
from harness.values.runtimes import PADDLE, TORCH

INSTALLED = [name for name in RUNTIMES if find_spec(name) is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """A runtime's operations, arrays in and arrays out."""

    make: Callable[[Mapping[str, Any]], Any]
    tensor: Callable[[np.ndarray], Any]

    def ops(self, **state: Any) -> Any:
        """Make the operations of variables."""
        return self.make({name: self.of(one) for name, one in state.items()})

    def of(self, values: Any) -> Any:
        """Make a float32 tensor."""
        return self.tensor(np.array(values, np.float32))


def _paddle() -> Operations:
    return Operations(make=TensorOps, tensor=import_paddle().to_tensor)


def _torch() -> Operations:
    return Operations(make=TorchOps, tensor=import_torch().tensor)


OPERATIONS = {PADDLE: _paddle, TORCH: _torch}


@pytest.fixture(scope="session", params=INSTALLED)
def runtime(request: pytest.FixtureRequest) -> str:
    """The word of an installed runtime."""
    return str(request.param)


@pytest.fixture(scope="session")
def operations(runtime: str) -> Operations:
    """Its operations."""
    return OPERATIONS[runtime]()


@pytest.fixture(scope="session")
def processor(runtime: str) -> Device:
    """The CPU, opened by it."""
    return open_device(runtime, gpu=False)
