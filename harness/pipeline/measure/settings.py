"""The settings of a run that measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.evaluate.coco.engine_names import DEFAULT_ENGINE
from harness.model.machine.precisions import FLOAT32
from harness.model.program.limits import ProgramLimits
from harness.values.datasets import KnownDataset
from harness.values.runtimes import PADDLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where things are, what may be asked, and what computes (design 3)."""

    cache: Path  # archives, folders, detections
    records: Path  # records of this zoo
    data_root: Path | None
    mirror: str | None = None
    offline: bool = False
    gpu: bool = False
    runtime: str = PADDLE  # of RUNTIMES
    limit: int | None = None  # images; None for all
    fresh: bool = False  # detect again what the store holds
    debug: bool = False  # an unexpected error is raised, not a row's verdict
    precision: str = FLOAT32  # of PRECISIONS; another is never judged
    program_limits: ProgramLimits = field(default_factory=ProgramLimits)
    coco_engine: str = DEFAULT_ENGINE  # of coco_engine_names
    known_datasets: Mapping[str, KnownDataset] = field(default_factory=dict)
