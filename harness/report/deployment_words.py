"""The words of the section on deployments, in each language; see ``words.py``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentWords:
    """What the section says in one language."""

    heading: str
    how_to_read: str
    columns: tuple[str, ...]


CHINESE_DEPLOYMENT = DeploymentWords(
    heading="部署时会得到什么",
    how_to_read=(
        "以下仅供参考，不作为公布值的依据：同一归档由 oneDNN 以所列精度计算，"
        "与 float32 并列。毫秒数只计网络本身（打印的输入尺寸、每批 8 张、随机权重），"
        "不含后处理，"
        "两种精度在同一次运行中轮流计时；倍数大于 1 表示更快。"
    ),
    columns=(
        "行",
        "精度",
        "AP",
        "float32 AP",
        "差",
        "毫秒/图",
        "float32 毫秒/图",
        "倍数",
        "处理器（线程数；指令）",
    ),
)

ENGLISH_DEPLOYMENT = DeploymentWords(
    heading="What a deployment would get",
    how_to_read=(
        "For information, and no evidence for a published number: the same archive, "
        "computed by oneDNN in the precision named, beside float32. Milliseconds are "
        "those of the network alone (printed size, batches of 8, drawn weights), "
        "without post-processing; both precisions took turns in one run. A ratio above "
        "1 is faster."
    ),
    columns=(
        "Row",
        "Precision",
        "AP",
        "Float32 AP",
        "Difference",
        "ms an image",
        "Float32 ms an image",
        "Ratio",
        "Processor (threads; instructions)",
    ),
)
