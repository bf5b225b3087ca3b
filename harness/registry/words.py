"""Translates what documents print into the project's own words: one table of both.

Upstream's spelling (``split_distiil``, ``sensity``) stays in data; code uses ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from harness.errors import ZooDataError
from harness.values.datasets import PUBLISHED_DATASETS


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What a column of a published table holds, and its English title."""

    role: str  # one of ROLES, or a metric of rows
    english: str


#: Columns that say something of the row itself; any other title is kept as a cell.
ROLES = ("backbone", "pretrained", "strategy", "teacher", "input_px", "link")

COLUMNS: Mapping[str, Column] = {
    "骨架网络": Column(role="backbone", english="Backbone"),
    "模型": Column(role="backbone", english="Model"),
    "预训练权重": Column(role="pretrained", english="Pretrained weights"),
    "裁剪策略": Column(role="strategy", english="Pruning strategy"),
    "蒸馏策略": Column(role="strategy", english="Distillation strategy"),
    "量化策略": Column(role="strategy", english="Quantisation strategy"),
    "教师模型": Column(role="teacher", english="Teacher"),
    "输入尺寸": Column(role="input_px", english="Input size"),
    "Box AP": Column(role="box_ap", english="Box AP"),
    "Easy Set": Column(role="easy", english="Easy Set"),
    "Medium Set": Column(role="medium", english="Medium Set"),
    "Hard Set": Column(role="hard", english="Hard Set"),
    "GFLOPs": Column(role="gflops", english="GFLOPs"),
    "模型体积(MB)": Column(role="size_mb", english="Model size (MB)"),
    "模型体积(KB)": Column(role="size_kb", english="Model size (KB)"),
    "下载": Column(role="link", english="Download"),
    "Backbone": Column(role="backbone", english="Backbone"),
    "Model": Column(role="backbone", english="Model"),
    "Pretrained weights": Column(role="pretrained", english="Pretrained weights"),
    "Strategy": Column(role="strategy", english="Strategy"),
    "Input size": Column(role="input_px", english="Input size"),
    "Download": Column(role="link", english="Download"),
}

#: Chapter headings of the published documents, for the English page.
CHAPTERS: Mapping[str, str] = {
    "基线模型库": "Baseline models",
    "裁剪模型库": "Pruned models",
    "蒸馏模型库": "Distilled models",
    "蒸馏裁剪模型库": "Distilled and pruned models",
    "量化模型库": "Quantised models",
}

ARCHITECTURES: Mapping[str, str] = {"YOLOv3": "yolov3", "BlazeFace": "blazeface"}

DATASETS: Mapping[str, str] = {
    one.title: name for name, one in PUBLISHED_DATASETS.items()
}

#: architecture -> printed word -> ours.  # zoo-spec 1.1
BACKBONES: Mapping[str, Mapping[str, str]] = {
    "yolov3": {
        "MobileNetV1": "mobilenet_v1",
        "ResNet34": "resnet34",
        "ResNet50-vd-dcn": "resnet50_vd_dcn",
        "R50vd-dcn": "resnet50_vd_dcn",
    },
    "blazeface": {
        "BlazeFace": "original",
        "BlazeFace-Lite": "lite",
        "BlazeFace-NAS": "nas",
        "BlazeFace-NAS-V2": "nas2",
    },
}

#: Printed pretrained weights -> what they add to the backbone's word. The object365
#: network has another normalisation, so it is another backbone.  # zoo-spec 1.2
PRETRAINED: Mapping[str, str] = {"ImageNet": "", "object365": "_obj365"}

#: How a narrowed backbone is printed.
_WIDTH = re.compile(r" x (1/[1-9]\d*)$")

STRATEGIES: Mapping[str, str] = {
    "baseline": "baseline",
    "teacher": "baseline",
    "SANAS": "baseline",  # how the network was found; it is not compressed
    "r578": "prune_r578",
    "sensity": "prune_sensity",
    "split_distiil": "distill_split",
    "l2_distiil": "distill_l2",
    "post": "quant_post",
    "aware": "quant_aware",
}

#: What an empty cell prints.
EMPTY_CELLS = ("-", "–")

KNOWN_BACKBONES: Mapping[str, frozenset[str]] = {
    "yolov3": frozenset(BACKBONES["yolov3"].values()) | {"resnet50_vd_dcn_obj365"},
    "blazeface": frozenset(BACKBONES["blazeface"].values()),
}


def translate(printed: str, words: Mapping[str, str], what: str) -> str:
    """Return our word for a printed one.

    Raises:
        ZooDataError: the printed word is not in the table.
    """
    if printed not in words:
        raise ZooDataError(
            f"unknown {what}",
            expected=" or ".join(sorted(words)),
            got=repr(printed),
            next_step="a new word is one line in harness/registry/words.py",
        )
    return words[printed]


def width_of(printed: str) -> float:
    """Return the channel multiplier in a printed backbone: 1/8 of ``x 1/8`` at its end.

    It is 1 for a backbone printed without one, as all of upstream's are.
    """
    width = _WIDTH.search(printed)
    return 1.0 if width is None else float(Fraction(width[1]))


def without_width(printed: str) -> str:
    """Return a printed backbone without the ``x 1/8`` at its end."""
    return _WIDTH.sub("", printed)


def backbone_of(architecture: str, printed: str, pretrained: str | None) -> str:
    """Return our word for a printed backbone and its printed pretrained weights.

    A printed width is no part of the word: see :func:`width_of`.

    Raises:
        ZooDataError: a word is not in the tables.
    """
    word = without_width(printed)
    backbone = translate(word, BACKBONES.get(architecture, {}), "backbone")
    if pretrained is None:
        return backbone
    return backbone + translate(pretrained, PRETRAINED, "pretrained weights")


def strategy_of(printed: str, teacher: str | None) -> str:
    """Return our word for a printed strategy and its printed teacher.

    A distilled and pruned network is ``distill_`` and its pruning. A teacher changes
    no strategy that is distillation already.

    Raises:
        ZooDataError: the strategy is not in the table.
    """
    strategy = translate(printed, STRATEGIES, "strategy")
    is_taught = teacher is not None and teacher not in EMPTY_CELLS
    return f"distill_{strategy}" if is_taught and "prune_" in strategy else strategy


#: Every strategy that a row can have.
KNOWN_STRATEGIES = frozenset(STRATEGIES.values()) | {
    strategy_of(word, "a teacher") for word in STRATEGIES
}


def role_of(title: str) -> str | None:
    """Return what the column of that title says of a row; None when nothing."""
    column = COLUMNS.get(title)
    return None if column is None else column.role
