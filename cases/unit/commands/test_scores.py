"""`zoo score`, `zoo export` and `zoo compare` on small sets of annotations alone."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.dataset.truths import TRUTHS
from harness.dataset.widerface_files import write_ground_truth
from harness.detections import Detections
from harness.evaluate.metrics import METRICS
from harness.formats.table import FORMATS
from harness.truth import FaceTruth, Truth

Zoo = Callable[..., Any]  # conftest's fixture
DATASETS = ("coco", "voc", "widerface")
IDS = np.arange(4)
OBJECT_IMAGES = np.array([0, 0, 1, 3])
BOXES = np.array(
    [[10.0, 12, 60, 70], [80, 5, 120, 90], [3, 40, 50, 88], [9, 9, 99, 99]]
)
SIDES = np.hstack([BOXES[:, :2], BOXES[:, 2:] - BOXES[:, :2]])
ROW = "yolov3-mobilenet_v1-coco-baseline-160"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data root with the annotations of four images of each dataset, no image."""
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "data"
    (root / "coco" / "annotations").mkdir(parents=True)
    document = {
        "images": [
            {"id": int(one), "file_name": f"{one}.jpg", "width": 200, "height": 200}
            for one in IDS
        ],
        "categories": [{"id": 4}, {"id": 9}],
        "annotations": [
            {
                "id": n,
                "image_id": int(OBJECT_IMAGES[n]),
                "category_id": (4, 9)[n % 2],
                "bbox": SIDES[n].tolist(),
                "area": float(SIDES[n, 2] * SIDES[n, 3]),
                "iscrowd": 0,
            }
            for n in range(4)
        ],
    }
    (root / "coco" / "annotations" / "instances_val2017.json").write_text(
        json.dumps(document)
    )
    devkit = root / "VOCdevkit" / "VOC2007"
    (devkit / "ImageSets" / "Main").mkdir(parents=True)
    (devkit / "Annotations").mkdir()
    names = [f"{one:06d}" for one in IDS]
    (devkit / "ImageSets" / "Main" / "test.txt").write_text("\n".join(names) + "\n")
    for image, name in enumerate(names):
        text = "<size><width>200</width><height>200</height></size>"
        for n in np.flatnonzero(image == OBJECT_IMAGES):
            tags = zip(("xmin", "ymin", "xmax", "ymax"), BOXES[n], strict=True)
            text += (
                f"<object><name>{('cat', 'dog')[n % 2]}</name>"
                "<difficult>0</difficult><bndbox>"
                + "".join(f"<{tag}>{edge:.0f}</{tag}>" for tag, edge in tags)
                + "</bndbox></object>"
            )
        (devkit / "Annotations" / f"{name}.xml").write_text(
            f"<annotation>{text}</annotation>"
        )
    faces = FaceTruth(
        image_ids=IDS,
        image_names=np.array([f"{one}--Event/{one}" for one in IDS]),
        box_image_ids=OBJECT_IMAGES,
        boxes_xywh=SIDES,
        is_easy=np.array([True, False, False, True]),
        is_medium=np.array([True, True, False, True]),
        is_hard=np.ones(4, np.bool_),
    )
    write_ground_truth(root / "wider_face_split", faces)
    return root


def found(dataset: str, truth: Truth, noise_px: float) -> Detections:
    rng = np.random.default_rng(3)
    source = np.repeat(np.arange(4), 5)
    kinds = np.array([0, 1, 0, 1], np.int32)
    if dataset == "voc":
        names = truth.arrays()["class_names"].tolist()
        kinds = np.array([names.index(("cat", "dog")[n % 2]) for n in range(4)])
    if dataset == "widerface":
        kinds = np.zeros(4, np.int32)
    moved = np.tile(rng.normal(0, noise_px, (20, 2)), 2)
    return Detections(
        evaluated_ids=IDS,
        image_ids=OBJECT_IMAGES[source],
        classes=kinds[source].astype(np.int32),
        scores=rng.random(20).astype(np.float32),
        boxes_xyxy=(BOXES[source] + moved).astype(np.float32),
    )


@pytest.fixture
def results(root: Path) -> Callable[..., Path]:
    """Write detections as the official result file of a dataset."""

    def write(dataset: str, name: str = "theirs", noise_px: float = 5) -> Path:
        made, truth = FORMATS[dataset], TRUTHS[dataset](root)
        path = root.parent / f"{name}{made.suffix}"
        made.write(made.to_results(found(dataset, truth, noise_px), truth), truth, path)
        return path

    return write


@pytest.mark.parametrize("dataset", DATASETS)
def test_any_tool_s_detections_are_scored(
    dataset: str, root: Path, results: Any, zoo: Zoo
) -> None:
    path, truth = results(dataset), TRUTHS[dataset](root)
    said = zoo("score", dataset, path, "--data-root", root)
    expected = METRICS[dataset].score(found(dataset, truth, 5), truth)
    head, *lines = said.out.splitlines()

    assert (said.code, said.err) == (0, "")
    assert head.split() == [
        "name", "metric", "measured", "printed", "tolerance", "verdict"
    ]  # fmt: skip
    assert [line.split()[:3] for line in lines[: len(expected)]] == [
        ["theirs", name, f"{value:.2f}"] for name, value in expected.items()
    ]
    assert lines[-2:] == [
        "not_judged: no claim to judge by",
        f"record: {Path('.zoo', 'records', 'scored', 'theirs.json')}",
    ]
    assert (root.parent / ".zoo" / "records" / "scored" / "theirs.json").is_file()


@pytest.mark.parametrize(
    ("dataset", "by", "names"),
    [
        ("coco", "class", ["4", "9"]),
        ("coco", "size", ["medium"]),
        ("voc", "class", ["cat", "dog"]),
        ("widerface", "subset", ["easy", "medium", "hard"]),
    ],
)
def test_an_ap_is_told_in_parts(
    dataset: str, by: str, names: list[str], root: Path, results: Any, zoo: Zoo
) -> None:
    words = ("score", dataset, results(dataset), "--data-root", root, "--by", by)
    told = json.loads(zoo(*words, "--json").out)
    table = zoo(*words).out.splitlines()

    assert set(names) <= set(told[f"by_{by}"])
    for name, ap_pct in told[f"by_{by}"].items():
        assert any(line.split() == [name, f"{ap_pct:.2f}"] for line in table)


@pytest.mark.parametrize("dataset", DATASETS)
def test_curves_are_data(dataset: str, root: Path, results: Any, zoo: Zoo) -> None:
    words = ("score", dataset, results(dataset), "--data-root", root)
    said = zoo(*words, "--curves", "curves.json", "--name", "with-curves", "--json")
    curves = json.loads((root.parent / "curves.json").read_text())

    assert json.loads(said.out)["name"] == "with-curves"
    assert curves
    assert all(len(one["recall"]) == len(one["precision"]) > 0 for one in curves)


def test_a_truth_file_will_do_for_coco(root: Path, results: Any, zoo: Zoo) -> None:
    truth = root / "coco" / "annotations" / "instances_val2017.json"
    words = ("score", "coco", results("coco"), "--json")
    engines = [
        json.loads(zoo(*words, "--truth", truth, "--coco-engine", engine).out)
        for engine in ("pycocotools", "ultrafast-pycocotools")
    ]

    assert engines[0]["scores_pct"] == engines[1]["scores_pct"]
    assert zoo(*words).code == 2


def test_a_malformed_file_is_named_and_nothing_is_recorded(
    root: Path, results: Any, zoo: Zoo
) -> None:
    path = results("coco")
    path.write_text(path.read_text().replace('"score":', '"scores":', 1))
    said = zoo("score", "coco", path, "--data-root", root)

    assert said.code == 2
    assert "theirs.json: entry at index 0: key score is missing" in said.err
    assert not (root.parent / ".zoo").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("kitti", "x.json"), "dataset; expected coco or voc or widerface, got 'kit"),
        (("coco", "x.json", "--by", "subset"), "--by of coco; expected class or size"),
        (("voc", "x", "--by", "size"), "--by of voc; expected class, got size"),
        (("coco", "x.json"), "no annotations of coco to score against"),
        (("coco", "x.json", "--truth", "none.json"), "no annotations to score against"),
        (("coco", "x.json", "--row", "r", "--name", "n"), "--name and --row; expected"),
        (("coco", "x.json", "--row", "nothing"), "no row 'nothing' in january-2020"),
        (("coco", "x.json", "--coco-engine", "mine"), "COCO engine; expected"),
    ],
)
def test_a_question_that_cannot_be_asked_is_a_usage_error(
    words: tuple[str, ...], message: str, root: Path, zoo: Zoo
) -> None:
    more = ("--data-root", root) if "mine" in words or "nothing" in words else ()
    said = zoo("score", *words, *more)

    assert said.code == 2
    assert message in said.err


def test_a_row_s_claim_judges(home: Path, zoo: Zoo) -> None:
    exported = zoo("export", ROW, "--zoo", "demo", "--json")
    (truth,) = (home / ".zoo" / "cache").rglob("instances_val2017.json")
    words = ("score", "coco", f"{ROW}.json", "--truth", truth, "--zoo", "demo")
    kept = zoo(*words, "--row", ROW)
    said = zoo(*words, "--row", ROW, "--records", "elsewhere")
    other = (*words, "--row", ROW.replace("160", "224"))
    missed = zoo(*other, "--records", "elsewhere", "--json")

    assert exported.code == 0
    assert json.loads(exported.out)["output"] == f"{ROW}.json"
    assert (kept.code, "another --records DIR" in kept.err) == (2, True)
    assert said.code == 0
    assert said.out.splitlines()[-2] == "reproduced"
    assert said.out.splitlines()[1].split()[-1] == "reproduced"
    ours = json.loads((home / ".zoo/records/demo" / f"{ROW}.json").read_text())
    theirs = json.loads((home / "elsewhere/demo" / f"{ROW}.json").read_text())
    scores = [one["measurements"][0]["scores_pct"] for one in (ours, theirs)]
    assert scores[0] == scores[1]
    assert missed.code == 1
    assert json.loads(missed.out)["verdict"] in {"lower", "higher"}


@pytest.mark.parametrize("dataset", DATASETS)
def test_an_export_is_what_was_scored(
    dataset: str, root: Path, results: Any, zoo: Zoo
) -> None:
    path = results(dataset)
    zoo("score", dataset, path, "--data-root", root, "--name", "net")
    words = ("export", "net", "--zoo", "scored", "--output", "again")
    said = zoo(*words)
    again = zoo("score", dataset, "again", "--data-root", root, "--json")
    before = json.loads((root.parent / ".zoo/records/scored/net.json").read_text())

    assert (said.code, said.out) == (0, "again: 20 detections in 4 images\n")
    told = json.loads(again.out)["scores_pct"]
    assert told == before["measurements"][0]["scores_pct"]
    assert zoo(*words).code == 2
    assert zoo(*words, "--force").code == 0
    assert zoo(*words, "--format", "yolo").code == 2
    other = "voc" if dataset == "coco" else "coco"
    assert zoo(*words[:-2], "--format", other).code == 2
    assert zoo("export", ".zoo/records/scored/net.json").code == 0
    assert (root.parent / f"net{FORMATS[dataset].suffix}").exists()


@pytest.mark.parametrize("dataset", DATASETS)
def test_two_files_are_compared(
    dataset: str, root: Path, results: Any, zoo: Zoo
) -> None:
    good, bad = results(dataset, "good", 2), results(dataset, "bad", 12)
    words = ("compare", good, bad, "--dataset", dataset, "--data-root", root)
    said = zoo(*words, "--resamples", "40")
    told = json.loads(zoo(*words, "--resamples", "40", "--json").out)
    main = told["differences"][0]

    assert said.code == 0
    assert said.out.splitlines()[:2] == [f"A: {good}", f"B: {bad}"]
    assert said.out.splitlines()[-1] == "40 resamples of 4 images, seed 0"
    assert main["difference_pct"] == main["second_pct"] - main["first_pct"] < 0
    assert main["low_pct"] <= main["high_pct"]
    shown = f"{main['low_pct']:+.2f} to {main['high_pct']:+.2f}"
    assert shown in said.out
    assert (told["resamples"], told["seed"], told["images"]) == (40, 0, 4)
    assert zoo(*words, "--resamples", "0").code == 2


def test_parts_are_shown_when_asked_for(root: Path, results: Any, zoo: Zoo) -> None:
    words = ("compare", results("voc", "a", 2), results("voc", "b", 9))
    words = (*words, "--dataset", "voc", "--data-root", root, "--resamples", "9")

    assert " cat " not in zoo(*words).out
    assert " cat " in zoo(*words, "--by", "class").out


def test_two_records_are_compared(home: Path, zoo: Zoo) -> None:
    other = ROW.replace("160", "224")
    words = ("compare", ROW, "--zoo", "demo", "--resamples", "9", "--json")
    told = json.loads(zoo(*words, other).out)
    (home / ".zoo" / "records").rename(home / "moved")
    by_path = zoo(*words, f"moved/demo/{other}.json", "--records", "moved")
    by_folder = zoo(*words, other, "--records", "moved", "--records-b", "moved")

    assert told["differences"][0]["part"] == {"by": "all", "name": "box_ap"}
    for said in (by_path, by_folder):
        assert json.loads(said.out)["differences"] == told["differences"]
    assert zoo(*words, other).code == 2
