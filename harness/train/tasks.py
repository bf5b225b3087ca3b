"""Says what training is for each architecture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.train.blazeface import BlazeFaceTask
from harness.train.recipe import Recipe
from harness.train.trainer import Task
from harness.train.yolov3 import YoloV3Task

#: Word of a recipe -> what trains by it.
TASKS: Mapping[str, Callable[[Recipe], Task[Any]]] = {
    "yolov3": lambda recipe: YoloV3Task(recipe=recipe),
    "blazeface": lambda recipe: BlazeFaceTask(recipe=recipe),
}
