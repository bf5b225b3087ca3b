"""What a measuring run was asked for, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where things are, what may be asked, and what computes (design 3)."""

    cache: Path  # archives, folders, detections
    records: Path  # records of this zoo
    data_root: Path | None
    mirror: str | None = None
    offline: bool = False
    gpu: bool = False
    limit: int | None = None  # images; None for all
    fresh: bool = False  # detect again what the store holds
    optimise: bool = True
    known_datasets: Path | None = None  # expected/datasets.toml
