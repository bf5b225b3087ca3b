"""The words of the section on networks trained again; see ``words.py``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainedWords:
    """What the section says in one language."""

    heading: str
    how_to_read: str
    columns: tuple[str, ...]


CHINESE_RETRAINED = RetrainedWords(
    heading="重新训练",
    how_to_read=(
        "以下各行的归档由本机按配方重新训练，再以测量下载归档的同一代码测得，"
        "与公布值和下载归档的实测值并列，互不替代。差为与公布值之差；"
        "容差若围绕多个种子的均值，则注明该均值。"
    ),
    columns=(
        "行",
        "配方与种子",
        "公布值",
        "下载归档",
        "重新训练",
        "与公布值之差",
        "容差",
        "结论",
    ),
)

ENGLISH_RETRAINED = RetrainedWords(
    heading="Trained again",
    how_to_read=(
        "The archives of these rows were trained here by their recipes, and measured "
        "by the very code that measures downloaded ones. Their numbers stand beside "
        "the published and the downloaded ones, and replace neither. The difference is "
        "that from the published number; a tolerance around the mean of several seeds "
        "names that mean."
    ),
    columns=(
        "Row",
        "Recipe and seed",
        "Published",
        "Downloaded",
        "Trained again",
        "From published",
        "Tolerance",
        "Verdict",
    ),
)
