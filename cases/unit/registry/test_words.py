import pytest

from harness.errors import ZooDataError
from harness.registry import words
from harness.values.rows import METRICS_OF_DATASET, STRUCTURE_METRICS


@pytest.mark.parametrize(
    ("printed", "pretrained", "ours"),
    [
        ("MobileNetV1", None, "mobilenet_v1"),
        ("MobileNetV1", "ImageNet", "mobilenet_v1"),
        ("ResNet50-vd-dcn", None, "resnet50_vd_dcn"),
        ("R50vd-dcn", "object365", "resnet50_vd_dcn_obj365"),
    ],
)
def test_the_pretrained_weights_are_part_of_the_backbone(
    printed: str, pretrained: str | None, ours: str
) -> None:
    assert words.backbone_of("yolov3", printed, pretrained) == ours
    assert ours in words.KNOWN_BACKBONES["yolov3"]


@pytest.mark.parametrize(
    ("printed", "width"), [("MobileNetV1", 1.0), ("MobileNetV1 x 1/8", 0.125)]
)
def test_a_printed_width_is_not_part_of_the_backbones_word(
    printed: str, width: float
) -> None:
    assert words.width_of(printed) == width
    assert words.backbone_of("yolov3", printed, None) == "mobilenet_v1"


def test_an_unknown_word_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ZooDataError,
        match=r"unknown strategy; expected .*r578 or sensity.*, got 'fpgm'; a new word",
    ):
        words.translate("fpgm", words.STRATEGIES, "strategy")


def test_a_face_backbone_is_unknown_to_yolov3() -> None:
    with pytest.raises(ZooDataError, match="unknown backbone"):
        words.backbone_of("yolov3", "BlazeFace-NAS", None)


@pytest.mark.parametrize("title", words.COLUMNS)
def test_every_column_has_a_known_role_and_an_english_title(title: str) -> None:
    column = words.COLUMNS[title]
    metrics = {one for several in METRICS_OF_DATASET.values() for one in several}

    assert column.role in {*words.ROLES, *metrics, *STRUCTURE_METRICS}
    assert column.english.isascii()


def test_a_column_that_only_decorates_has_no_role() -> None:
    assert words.role_of("Latency") is None


def test_datasets_are_printed_as_the_published_document_does() -> None:
    assert words.DATASETS == {
        "COCO": "coco",
        "Pascal VOC": "voc",
        "WIDER FACE": "widerface",
    }


@pytest.mark.parametrize("architecture", words.ARCHITECTURES.values())
def test_every_architecture_has_backbones(architecture: str) -> None:
    assert words.BACKBONES[architecture]


@pytest.mark.parametrize(
    ("printed", "teacher", "strategy"),
    [
        ("r578", None, "prune_r578"),
        ("r578", "-", "prune_r578"),
        ("r578", "ResNet34 (36.2)", "distill_prune_r578"),
        ("split_distiil", "ResNet34", "distill_split"),
        ("teacher", "-", "baseline"),
        ("SANAS", None, "baseline"),
    ],
)
def test_a_teacher_makes_a_pruned_network_a_distilled_one(
    printed: str, teacher: str | None, strategy: str
) -> None:
    assert words.strategy_of(printed, teacher) == strategy
    assert strategy in words.KNOWN_STRATEGIES
