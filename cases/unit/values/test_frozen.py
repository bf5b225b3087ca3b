import importlib
import pkgutil
from dataclasses import fields, is_dataclass

import pytest

import harness.registry
import harness.report
import harness.values


def classes(room):
    """Yield the dataclasses that a room defines for others."""
    for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
        for one in vars(importlib.import_module(module.name)).values():
            if isinstance(one, type) and one.__module__ == module.name:
                is_public = not one.__name__.startswith("_")
                yield from [one] if is_public and is_dataclass(one) else []


@pytest.mark.parametrize(
    "kind",
    [
        one
        for room in (harness.values, harness.registry, harness.report)
        for one in classes(room)
    ],
    ids=lambda one: one.__name__,
)
def test_what_crosses_a_wall_is_frozen_and_made_by_keyword(kind):
    assert kind.__dataclass_params__.frozen
    assert "__slots__" in vars(kind)
    assert all(one.kw_only for one in fields(kind))
