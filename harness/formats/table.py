"""The official result formats, by the word that rows use for their dataset."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from harness.formats import coco_results, voc_comp4, wider_text
from harness.values.detections import Detections, Results
from harness.values.truth import CocoTruth, FaceTruth, Truth, VocTruth


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How detections become the files that a dataset's official tools read."""

    truth_kind: type[Truth]
    is_folder: bool  # else one file
    suffix: str  # of that file; of a folder, empty
    to_results: Callable[[Detections, Any], Results]
    read: Callable[..., Results]  # of a path and the truth
    write: Callable[[Results, Any, Path], None]
    #: As the official files were published, where that rounds what ``write`` keeps.
    write_published: Callable[[Results, Any, Path], None] | None = None


FORMATS: Mapping[str, Format] = {
    "coco": Format(
        truth_kind=CocoTruth,
        is_folder=False,
        suffix=".json",
        to_results=lambda detections, truth: coco_results.to_results(detections),
        read=coco_results.read,
        write=coco_results.write,
    ),
    "voc": Format(
        truth_kind=VocTruth,
        is_folder=True,
        suffix="",
        to_results=voc_comp4.to_results,
        read=voc_comp4.read,
        write=voc_comp4.write,
    ),
    "widerface": Format(
        truth_kind=FaceTruth,
        is_folder=True,
        suffix="",
        to_results=lambda detections, truth: wider_text.to_results(detections),
        read=wider_text.read,
        write=wider_text.write,
        write_published=partial(wider_text.write, published_format=True),
    ),
}
