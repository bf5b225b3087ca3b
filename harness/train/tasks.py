"""What can be trained, by the word that recipes use for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.train.blazeface import BlazeFaceTask
from harness.train.recipe import Recipe
from harness.train.trainer import Task
from harness.train.yolov3 import YoloV3Task


def _yolov3(recipe: Recipe) -> Task[Any]:
    return YoloV3Task(recipe=recipe)


def _blazeface(recipe: Recipe) -> Task[Any]:
    return BlazeFaceTask(recipe=recipe)


TASKS: Mapping[str, Callable[[Recipe], Task[Any]]] = {
    "yolov3": _yolov3,
    "blazeface": _blazeface,
}
