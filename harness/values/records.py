"""What was measured, as frozen values: verdicts, judgements, records.

A record is the measured result of one row. Everything in it is plain data; its JSON
form is canonical (sorted keys, two spaces, LF), so equal records are equal bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

#: Version of the JSON form of a row's record; a reader refuses any other. 2: the record
#: says when and by what code it was made, and has a digest over all of it.
RECORD_FORMAT = 2
#: Likewise of its figures, and of its speed.
FIGURES_FORMAT = 1

#: Stands where a record says of which commit the code was, and nothing tells.
UNKNOWN_COMMIT = "unknown"


class Verdict(StrEnum):
    """What the comparison of a row came to (design 3)."""

    REPRODUCED = "reproduced"
    REPRODUCED_WITH_ERRATUM = "reproduced_with_erratum"
    LOWER = "lower"
    HIGHER = "higher"
    WRONG_ARCHIVE = "wrong_archive"
    WRONG_DATASET = "wrong_dataset"
    UNREADABLE = "unreadable"
    ERRORED = "errored"
    UNAVAILABLE = "unavailable"
    NO_DATASET = "no_dataset"
    NO_DEVICE = "no_device"
    PARTIAL = "partial"
    NOT_JUDGED = "not_judged"  # scored, and nothing was claimed of it


PASSING = frozenset(
    {Verdict.REPRODUCED, Verdict.REPRODUCED_WITH_ERRATUM, Verdict.NOT_JUDGED}
)
#: Could not be measured: skips with the verdict as reason, fails if required.
INCOMPLETE = frozenset(
    {Verdict.UNAVAILABLE, Verdict.NO_DATASET, Verdict.NO_DEVICE, Verdict.PARTIAL}
)
FAILING = frozenset(Verdict) - PASSING - INCOMPLETE


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One measured number against one published one."""

    metric: str
    printed: str  # the claim, as printed
    measured_pct: float  # unrounded
    difference_pct: float  # measured - printed
    tolerance_pct: str  # decimal, the sum of the parts
    verdict: Verdict  # REPRODUCED, LOWER or HIGHER
    budget: str  # "rounding 0.05 + device 0.05 + ...": the parts of the tolerance


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One run of a row: at the printed size, or at an erratum's."""

    input_px: int  # 0: of detections made elsewhere, which do not say
    erratum: str | None  # id of the erratum whose correction this run follows
    scores_pct: Mapping[str, float]  # unrounded: the claims' metrics and more
    judgements: tuple[Judgement, ...]  # one per claim
    verdict: Verdict
    detections_sha256: str
    detections_file: str  # relative to the records folder
    detection_count: int
    store_key: str
    replayed: bool  # all detections came from the store
    detect_wall_s: float  # 0 when replayed
    detect_cpu_s: float
    score_wall_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveUsed:
    """The archive that was really opened."""

    name: str
    source: str  # the address that served it
    sha256: str
    size_bytes: int
    layout: str  # "separate_files", ...
    shape_plan: str  # the plan whose shapes the files have: "none", "prune_r578", ...
    ignored_files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetUsed:
    """The dataset that was really read."""

    name: str  # "coco"
    fingerprint: str
    image_count: int
    annotation_count: int
    truth_sha256: str
    truth_file: str  # relative to the records folder
    differences: tuple[str, ...]  # from the published dataset; empty when it is that
    limit: int | None = None  # --limit, when only part was measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What computed the numbers."""

    harness: str
    python: str
    paddle: str  # "paddlepaddle 2.6.2" | "none", where another runtime computed
    numpy: str
    decoder: str  # "opencv-python-headless 4.11.0.86"
    metric_engine: str  # "pycocotools 2.0.11"
    device: str  # "cpu" | "gpu"
    device_model: str
    threads: int
    precision: str  # "float32" | "bf16" | "int8"
    graph_optimiser: str  # "on" | "off"
    #: Of a runtime beside Paddle; all three are empty for Paddle, and then not written:
    #: see :func:`without_empty`.
    runtime: str = ""  # "torch 2.14.1, torchvision 0.29.1"
    libraries: str = ""  # "CUDA 13.0, cuDNN 9.24.0"
    arithmetic: str = ""  # "TF32 off in matmul and cuDNN, ..."


#: Fields of a runtime beside Paddle, in an environment and in the key of the store.
OTHER_RUNTIME = ("runtime", "libraries", "arithmetic")


def without_empty(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return what describes a run, without the empty fields of another runtime.

    So records and keys of Paddle are the bytes that they were before there was another.
    """
    return {
        name: value
        for name, value in described.items()
        if value or name not in OTHER_RUNTIME
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """When a record was made, and by what code."""

    date: str  # "2020-01-31", the day in UTC
    harness: str  # version
    commit: str  # 40 hexadecimal digits, "... with changes" or UNKNOWN_COMMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One computed figure against the published one; no data was needed."""

    metric: str  # of rows.STRUCTURE_METRICS; says the unit
    printed: str  # the claim, as printed
    computed: float  # unrounded
    difference: float  # computed - printed
    tolerance: str  # decimal, in the unit of the metric
    basis: str  # "half of the last printed digit": where the tolerance comes from
    is_estimate: bool
    verdict: Verdict  # REPRODUCED, LOWER or HIGHER


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureRecord:
    """The computed figures of one row; ``verdict`` is that of them all."""

    zoo: str
    row_id: str
    verdict: Verdict
    reason: str  # why nothing was computed; empty when it was
    figures: tuple[Figure, ...] = ()  # one per claim, in metric order
    variables: int = 0
    elements: int = 0
    gflops_true: float = 0.0  # deformable convolutions counted too
    format: int = FIGURES_FORMAT


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedRecord:
    """How fast a row's network is in another precision than float32, beside float32."""

    zoo: str
    row_id: str
    precision: str  # "bf16" | "int8"
    instructions: tuple[str, ...]  # of the processor, that compute it
    device_model: str
    threads: int
    input_px: int
    ms: float  # an image, in the network alone, without post-processing
    float32_ms: float  # likewise, in the same run
    format: int = FIGURES_FORMAT


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The measured result of one row; ``verdict`` says how it ended."""

    zoo: str
    row_id: str
    verdict: Verdict
    reason: str  # one sentence; empty when the claim was simply reproduced
    measurements: tuple[Measurement, ...] = ()  # as printed first
    archive: ArchiveUsed | None = None
    dataset: DatasetUsed | None = None
    protocol: Mapping[str, str] = field(default_factory=dict)
    environment: Environment | None = None
    notes: tuple[str, ...] = ()
    #: Not compared: the same measurement may be made on another day, by another commit.
    made: Made | None = field(default=None, compare=False)
    format: int = RECORD_FORMAT

    @property
    def is_measured(self) -> bool:
        """Whether the row has numbers of its own, and not of some images only."""
        return bool(self.measurements) and self.verdict is not Verdict.PARTIAL
