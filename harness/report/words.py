"""The words and sentences of a page, in each language.

The published document's words are data (``rows.Table``); these are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.report.deployment_words import (
    CHINESE_DEPLOYMENT,
    ENGLISH_DEPLOYMENT,
    DeploymentWords,
)
from harness.report.retrained_words import (
    CHINESE_RETRAINED,
    ENGLISH_RETRAINED,
    RetrainedWords,
)
from harness.report.tally import NOT_MEASURED
from harness.values.records import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Everything a page says in one language; braces are filled by ``str.format``."""

    is_translated: bool  # printed words go through Table.translations
    titles: Mapping[str, str]  # printed title of a zoo -> in this language
    link_label: str
    colon: str
    semicolon: str
    generated: str
    head: str
    how_to_read: str
    published_only: str
    verdicts: Mapping[str, str]  # every tally.OUTCOMES word
    number: str  # a measured number with its difference and verdict
    dash: str  # no number, and why
    run: str  # one run of a row that has several
    strategies: Mapping[str, str]  # strategy word -> what was done
    strategy_heading: str
    environment_heading: str
    environment: str
    other_runtime: str  # in place of Paddle and its version
    no_environment: str
    errata_heading: str
    erratum: str
    changes_run: str
    changes_nothing: str
    evidence: str
    everywhere: str
    datasets_heading: str
    dataset: str
    limited: str
    is_published_dataset: str
    archives_heading: str
    archive_columns: tuple[str, ...]
    notes_heading: str
    note: str
    one_row: str
    many_rows: str
    unmeasured: str  # in the count of the first lines
    figures_head: str
    how_to_read_figures: str
    estimate: str
    no_network: str  # in a cell
    without_network: str  # in the count of the first lines
    deployment: DeploymentWords
    retrained: RetrainedWords

    def rows(self, count: int) -> str:
        """Return a count of rows."""
        return (self.one_row if count == 1 else self.many_rows).format(count=count)


CHINESE = Words(
    is_translated=False,
    titles={},
    link_label="下载链接",  # as the January document prints it
    colon="：",
    semicolon="；",
    generated="由 `{command}` 生成，请勿手工修改。",
    head="**{rows} = {sum}**",
    how_to_read=(
        "AP 栏为实测值（百分数，保留一位小数），括号内依次为与公布值之差和结论；"
        "`–` 表示没有可用数值，其后为原因。未经舍入的数值见各行的记录文件。"
    ),
    published_only="AP 栏为文档公布的数值，未经核对。",
    verdicts={
        Verdict.REPRODUCED: "已复现",
        Verdict.REPRODUCED_WITH_ERRATUM: "按勘误复现",
        Verdict.LOWER: "偏低",
        Verdict.HIGHER: "偏高",
        Verdict.WRONG_ARCHIVE: "归档不符",
        Verdict.WRONG_DATASET: "数据集不符",
        Verdict.UNREADABLE: "归档无法读取",
        Verdict.ERRORED: "运行出错",
        Verdict.UNAVAILABLE: "归档无法下载",
        Verdict.NO_DATASET: "缺少数据集",
        Verdict.NO_DEVICE: "缺少设备",
        Verdict.PARTIAL: "只测了部分图片",
        Verdict.NOT_JUDGED: "未作评判",
        NOT_MEASURED: "无记录",
    },
    number="{ap}（{difference}，{verdict}）",
    dash="– 未测量：{verdict}",
    run="{run}：{text}",
    strategies={
        "baseline": "未经压缩，作为对照。",
        "prune_r578": (
            "按权重 L1 范数裁剪检测头的卷积通道，三个输出分支依次裁去 50%、70%、80%。"
        ),
        "prune_sensity": (
            "按权重 L1 范数裁剪检测头的卷积通道，各层比例为 10% 至 40%，"
            "由敏感度分析选定。"
        ),
        "distill_prune_r578": (
            "先按 prune_r578 裁剪，再由表中的教师模型蒸馏训练；形状与 prune_r578 相同。"
        ),
        "distill_split": (
            "教师为 YOLOv3-ResNet34；坐标、目标置信度与类别的损失分开计算。"
        ),
        "distill_l2": "教师为 YOLOv3-ResNet34；检测头的原始输出以均方误差逼近教师。",
        "quant_post": "不再训练，用校准图片确定激活范围，转为 8 比特。",
        "quant_aware": "训练时模拟 8 比特运算，再转为量化模型。",
    },
    strategy_heading="训练策略",
    environment_heading="测试环境",
    environment=(
        "{rows}：{computed_by}，Python {python}，numpy {numpy}；"
        "设备 {device}（{device_model}，{threads} 线程），精度 {precision}，"
        "图优化 {graph_optimiser}；图片解码 {decoder}；评估 {metric_engine}；"
        "zoo-harness {harness}"
    ),
    other_runtime="{runtime}（{libraries}；{arithmetic}）",
    no_environment="尚无实测记录。",
    errata_heading="勘误",
    erratum="`{field}`：原文 `{printed}`，应为 `{corrected}`。涉及：{rows}。",
    changes_run="影响测量：按原文与按更正各测一次。",
    changes_nothing="不影响测量结果。",
    evidence="依据：{evidence}",
    everywhere="文字拼写",
    datasets_heading="数据集",
    dataset=(
        "`{name}`：{images} 张图片，{annotations} 个标注，指纹 `{fingerprint}`；{rows}"
    ),
    limited="只用了前 {limit} 张图片",
    is_published_dataset="与公布时所用数据集一致",
    archives_heading="归档",
    archive_columns=("归档", "实际来源", "字节数", "SHA-256", "文件布局", "裁剪形状"),
    notes_heading="说明",
    note="`{row}`（{verdict}）：{text}",
    one_row="{count} 行",
    many_rows="{count} 行",
    unmeasured="未测量（无记录）",
    figures_head="**{count} 个不需数据的数值 = {sum}**",
    how_to_read_figures=(
        "GFLOPs 与模型体积由网络结构算得，括号内依次为与公布值之差和结论。"
        "GFLOPs 为卷积乘加次数除以 2^30，不含可变形卷积；MB 为各变量单独存成文件时"
        "文件夹所占空间（MiB），KB 为文件字节之和；量化模型的体积为估计值。"
    ),
    estimate="约 {figure}",
    no_network="– 未计算：本版本没有该网络",
    without_network="本版本没有其网络",
    deployment=CHINESE_DEPLOYMENT,
    retrained=CHINESE_RETRAINED,
)

ENGLISH = Words(
    is_translated=True,
    titles={"压缩模型库": "Compressed model zoo", "演示模型库": "Demo model zoo"},
    link_label="Download",
    colon=": ",
    semicolon="; ",
    generated="Generated by `{command}`; do not edit.",
    head="**{rows} = {sum}**",
    how_to_read=(
        "An AP cell is the measured number (percent, one decimal) with its difference "
        "from the published one and the verdict; `–` means that there is no number to "
        "show, and says why. The unrounded numbers are in the record of each row."
    ),
    published_only="AP cells are the published numbers; nothing here was checked.",
    verdicts={
        Verdict.REPRODUCED: "reproduced",
        Verdict.REPRODUCED_WITH_ERRATUM: "reproduced with erratum",
        Verdict.LOWER: "lower",
        Verdict.HIGHER: "higher",
        Verdict.WRONG_ARCHIVE: "wrong archive",
        Verdict.WRONG_DATASET: "wrong dataset",
        Verdict.UNREADABLE: "unreadable archive",
        Verdict.ERRORED: "errored",
        Verdict.UNAVAILABLE: "archive unavailable",
        Verdict.NO_DATASET: "no dataset",
        Verdict.NO_DEVICE: "no device",
        Verdict.PARTIAL: "only some images",
        Verdict.NOT_JUDGED: "not judged",
        NOT_MEASURED: "no record",
    },
    number="{ap} ({difference}, {verdict})",
    dash="– not measured: {verdict}",
    run="{run}: {text}",
    strategies={
        "baseline": "Not compressed; for comparison.",
        "prune_r578": (
            "Convolution channels of the head are pruned by the L1 norm of their "
            "weights: 50%, 70% and 80% in the three output branches."
        ),
        "prune_sensity": (
            "Convolution channels of the head are pruned by the L1 norm of their "
            "weights: 10% to 40%, chosen per layer by a sensitivity analysis."
        ),
        "distill_prune_r578": (
            "Pruned as prune_r578, then taught by the model that the table names; the "
            "shapes are those of prune_r578."
        ),
        "distill_split": (
            "Taught by YOLOv3-ResNet34; box, objectness and class are separate losses."
        ),
        "distill_l2": (
            "Taught by YOLOv3-ResNet34; mean squared error to its raw head outputs."
        ),
        "quant_post": (
            "Turned to 8 bits without training; calibration images set the ranges."
        ),
        "quant_aware": "Trained with simulated 8-bit arithmetic, then converted.",
    },
    strategy_heading="Strategies",
    environment_heading="Test environment",
    environment=(
        "{rows}: {computed_by}, Python {python}, numpy {numpy}; device "
        "{device} ({device_model}, threads: {threads}), {precision}, graph optimiser "
        "{graph_optimiser}; images by {decoder}; scored by {metric_engine}; "
        "zoo-harness {harness}"
    ),
    other_runtime="{runtime} ({libraries}; {arithmetic})",
    no_environment="Nothing has been measured yet.",
    errata_heading="Errata",
    erratum="`{field}`: printed `{printed}`, should be `{corrected}`. Rows: {rows}.",
    changes_run="Changes the run: measured both as printed and as corrected.",
    changes_nothing="Does not change what is measured.",
    evidence="Evidence: {evidence}",
    everywhere="a spelling",
    datasets_heading="Datasets",
    dataset=(
        "`{name}`: {images} images, {annotations} annotations, fingerprint "
        "`{fingerprint}`; {rows}"
    ),
    limited="only the first {limit} images",
    is_published_dataset="is the dataset of the published numbers",
    archives_heading="Archives",
    archive_columns=("Archive", "Served by", "Bytes", "SHA-256", "Layout", "Shapes"),
    notes_heading="Notes",
    note="`{row}` ({verdict}): {text}",
    one_row="{count} row",
    many_rows="{count} rows",
    unmeasured="not measured (no record)",
    figures_head="**{count} figures that need no data = {sum}**",
    how_to_read_figures=(
        "GFLOPs and sizes are computed from the network, with difference and verdict. "
        "GFLOPs are multiply-adds of convolutions / 2^30, deformable ones left out; MB "
        "is the folder of one file per variable, in MiB; KB is the sum of the files' "
        "bytes; the size of a quantised model is an estimate."
    ),
    estimate="about {figure}",
    no_network="– not computed: no such network in this version",
    without_network="without a network in this version",
    deployment=ENGLISH_DEPLOYMENT,
    retrained=ENGLISH_RETRAINED,
)

#: Page -> its language.
PAGES: Mapping[str, Words] = {"MODEL_ZOO.md": CHINESE, "MODEL_ZOO_en.md": ENGLISH}
