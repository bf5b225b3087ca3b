"""What was published, as frozen values: rows, claims, archives, errata.

``harness.registry`` makes them from TOML and CSV. Every room uses them, and none
changes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from harness.values.datasets import PUBLISHED_DATASETS

#: The claims that one row of a dataset makes, in printed order.  # zoo-spec 1.5-1.7
METRICS_OF_DATASET: Mapping[str, tuple[str, ...]] = {
    name: one.metrics for name, one in PUBLISHED_DATASETS.items()
}

#: Figures that need no data, as documents print them; a unit is part of the name. A
#: quantised model's size is its int8 size.  # zoo-spec 3.4, 6.3
STRUCTURE_METRICS = ("gflops", "size_mb", "size_kb", "int8_size_mb", "int8_size_kb")

#: Printed differences from the baseline: metric -> the number it is a difference of.
#: Those of GFLOPs and size are percentages.  # zoo-spec 6.2, 6.3
DIFFERENCE_METRICS: Mapping[str, str] = {
    "delta": "box_ap",
    "easy_delta": "easy",
    "medium_delta": "medium",
    "hard_delta": "hard",
    "gflops_delta": "gflops",
    "size_delta": "size_mb",
    "gflops_delta_in_text": "gflops",  # repeated by a sentence beside the table
}

#: marker -> what it selects; design 3 freezes the list.
MARKERS: Mapping[str, str] = {
    **{
        name: f"rows measured on {one.measured_on}"
        for name, one in PUBLISHED_DATASETS.items()
    },
    "prune": "pruned models",
    "distill": "distilled models",
    "quant": "quantised models",
    "quant_post": "models quantised after training",
    "quant_aware": "models quantised during training",
    "yolov3": "YOLOv3 detectors",
    "blazeface": "BlazeFace detectors",
    "published": "rows measured from their published archive",
    "retrained": "rows trained again",
    "structure": "published figures that need no data",
    "speed": "the harness's own speed",
}

#: Fields of a row that an erratum can correct.
ERRATUM_FIELDS = (
    *("input_px", "url", "strategy", "spelling"),
    *STRUCTURE_METRICS,
    *DIFFERENCE_METRICS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One published number: an AP in percent, a figure, or a printed difference."""

    row_id: str
    metric: str  # of METRICS_OF_DATASET, STRUCTURE_METRICS or DIFFERENCE_METRICS
    printed: str  # as printed: "24.0" stays "24.0", "-16.06%" keeps sign and unit

    @property
    def value_pct(self) -> Decimal:
        """The printed decimal of an AP, exactly."""
        return Decimal(self.printed)

    @property
    def value(self) -> Decimal:
        """The printed decimal, exactly, without the sign of percent."""
        return Decimal(self.printed.removesuffix("%"))

    @property
    def last_digit(self) -> Decimal:
        """One unit of the last printed digit: 0.01 of ``20.64``, 1 of ``95``."""
        exponent = self.value.as_tuple().exponent
        assert isinstance(exponent, int)
        return Decimal(1).scaleb(exponent)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedScore:
    """What a row's network scored after one training of our own."""

    row_id: str
    metric: str  # of METRICS_OF_DATASET
    seed: int  # of the training
    measured_pct: Decimal  # exactly as written


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """One downloadable archive: where it was, where it went, what is known of it."""

    name: str  # unique in the zoo; the printed URL's basename without .tar
    url: str  # as printed
    moves: tuple[str, ...] = ()  # later addresses, tried after the printed one
    sha256: str | None = None  # from the zoo's lock; enforced when known
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One printed line: model, strategy, input size and dataset."""

    row_id: str  # as ``id_by_fields`` says
    zoo: str
    table: str  # key of the Table that prints it
    architecture: str  # "yolov3" | "blazeface"
    backbone: str  # "mobilenet_v1", "resnet34", "resnet50_vd_dcn", "original", ...
    dataset: str  # of PUBLISHED_DATASETS
    strategy: str  # "prune_r578", "distill_l2", "quant_post", "baseline", ...
    input_px: int  # as printed, even where an erratum moves it
    archive: str  # Archive.name
    num_classes: int
    width: float = 1.0  # channel multiplier; 1 for every published row
    scales: str = "multi"  # of faces: every published row looks at several; or "single"
    cells: Mapping[str, str] = field(default_factory=dict)  # column title -> as printed
    variant: str = ""  # of a zoo of one's own: tells checkpoints of one network apart

    @property
    def id_by_fields(self) -> str:
        """The id that the fields make; the size is the printed one."""
        network = f"{self.architecture}-{self.backbone}-{self.dataset}-{self.strategy}"
        return f"{network}-{self.input_px}" + f"-{self.variant}" * bool(self.variant)

    @property
    def markers(self) -> frozenset[str]:
        """The pytest markers of the row (design 3)."""
        words = set(self.strategy.split("_"))
        marks = {self.dataset, self.architecture, "published"}
        marks |= words & {"prune", "distill", "quant"}
        if self.strategy in MARKERS:
            marks.add(self.strategy)
        return frozenset(marks)

    @property
    def retrained_id(self) -> str:
        """The id of the row's second case: its network trained again (design 3)."""
        return f"{self.row_id}-retrained"

    @property
    def retrained_markers(self) -> frozenset[str]:
        """The pytest markers of the row's second case (design 3)."""
        return self.markers - {"published"} | {"retrained"}

    @property
    def shaped_by(self) -> str:
        """The strategy that sets the shapes in the archive.

        Distillation of a pruned network does not change its shapes again.
        """
        is_taught = self.strategy.startswith("distill_prune_")
        return self.strategy.removeprefix("distill_") if is_taught else self.strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One printed table of the document: where it stands and how it looks."""

    key: str  # file name in cases/rows/<zoo>/ without .toml
    order: int
    chapter: str  # heading of level 2, as printed
    heading: str  # heading of level 3, as printed
    dataset: str
    columns: tuple[str, ...]  # titles as printed, left to right
    align: tuple[str, ...]  # "left" | "center" per column
    translations: Mapping[str, str] = field(default_factory=dict)  # title -> English
    row_ids: tuple[str, ...] = ()  # printed order
    metric_columns: Mapping[str, str] = field(default_factory=dict)  # title -> metric
    link_column: str = ""  # title of the column holding the download link


@dataclass(frozen=True, slots=True, kw_only=True)
class Erratum:
    """One doubt about the document, with its evidence."""

    erratum_id: str  # "E1"
    field: str  # one of ERRATUM_FIELDS
    rows: tuple[str, ...]  # row ids; empty for a spelling that touches no run
    printed: str
    corrected: str
    changes_run: bool  # measured both as printed and as corrected
    evidence: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run that a row asks for: at its printed input size, or at an erratum's."""

    input_px: int
    erratum: str | None  # its id; None: as printed


@dataclass(frozen=True, slots=True, kw_only=True)
class TolerancePart:
    """One part of the tolerance budget (design 4), in AP points."""

    name: str
    value_pct: Decimal
    basis: str  # "derived" | "measured" | "assumed"
    source: str
    applies_to: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # row field -> values; "family" is prune|distill|quant|baseline
    only_retrained: bool = False  # no part of the comparison of published archives


@dataclass(frozen=True, slots=True, kw_only=True)
class Zoo:
    """One edition of a published document, read and joined."""

    name: str
    title: str
    root: Path  # the folder of its TOML files
    tables: tuple[Table, ...]  # printed order
    rows: tuple[Row, ...]  # printed order
    archives: Mapping[str, Archive]
    claims: Mapping[str, tuple[Claim, ...]]  # row id -> all its claims, metric order
    errata: tuple[Erratum, ...]
    tolerance: tuple[TolerancePart, ...]
    seed_scores: tuple[SeedScore, ...] = ()  # of rows that were trained again

    def row(self, row_id: str) -> Row:
        """Return the row of that id.

        Raises:
            KeyError: no such row.
        """
        for row in self.rows:
            if row.row_id == row_id:
                return row
        raise KeyError(row_id)

    def ap_claims(self, row_id: str) -> tuple[Claim, ...]:
        """Return the APs published of a row: measured ones are compared with them."""
        metrics = METRICS_OF_DATASET[self.row(row_id).dataset]
        return tuple(one for one in self.claims[row_id] if one.metric in metrics)

    def structure_claims(self, row_id: str) -> tuple[Claim, ...]:
        """Return the figures published of a row that need no data."""
        claims = self.claims[row_id]
        return tuple(one for one in claims if one.metric in STRUCTURE_METRICS)

    def difference_claims(self, row_id: str) -> tuple[Claim, ...]:
        """Return the differences from a baseline published of a row."""
        claims = self.claims[row_id]
        return tuple(one for one in claims if one.metric in DIFFERENCE_METRICS)

    def printed(self, row_id: str, metric: str) -> str | None:
        """Return what the document prints of a row's metric; None if nothing."""
        claims = (one for one in self.claims[row_id] if one.metric == metric)
        return next((one.printed for one in claims), None)

    def errata_of(self, row_id: str) -> tuple[Erratum, ...]:
        """Return the errata that name the row, in file order."""
        return tuple(one for one in self.errata if row_id in one.rows)

    def runs_of(self, row: Row) -> tuple[Run, ...]:
        """Return the runs that a row asks for: as printed, then one for each erratum.

        Only an erratum of the input size changes the run.
        """
        corrected = [
            Run(input_px=int(one.corrected), erratum=one.erratum_id)
            for one in self.errata_of(row.row_id)
            if one.changes_run and one.field == "input_px"
        ]
        return (Run(input_px=row.input_px, erratum=None), *corrected)
