"""`zoo score`, `zoo export` and `zoo compare` on small sets of annotations alone."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.dataset.datasets import DATASETS
from harness.dataset.widerface_files import write_ground_truth
from harness.evaluate.metrics import METRICS, metric_of
from harness.evaluate.voc.options import VOC_CONVENTIONS
from harness.evaluate.widerface.ap import ARITHMETICS, WiderOptions
from harness.formats.table import FORMATS
from harness.values.detections import Detections
from harness.values.truth import FaceTruth, Truth

Zoo = Callable[..., Any]  # conftest's fixture
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
        made, truth = FORMATS[dataset], DATASETS[dataset].truth(root)
        path = root.parent / f"{name}{made.suffix}"
        made.write(made.to_results(found(dataset, truth, noise_px), truth), truth, path)
        return path

    return write


@pytest.mark.parametrize("dataset", DATASETS)
def test_any_tool_s_detections_are_scored(
    dataset: str, root: Path, results: Any, zoo: Zoo
) -> None:
    path, truth = results(dataset), DATASETS[dataset].truth(root)
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


# --- how files are scored ----------------------------------------------------------


#: So far off that a pixel decides, which is what the conventions of VOC differ by.
FAR_PX = 30


def box_ap(said: Any) -> float:
    ap_pct: float = json.loads(said.out)["scores_pct"]["box_ap"]
    return ap_pct


def test_voc_files_are_scored_by_either_convention(
    root: Path, results: Any, zoo: Zoo
) -> None:
    path = results("voc", noise_px=FAR_PX)
    words = ("score", "voc", path, "--data-root", root)
    truth = DATASETS["voc"].truth(root)
    read = FORMATS["voc"].read(path, truth)
    numbers = {
        word: metric_of("voc", options=options).score(read, truth)["box_ap"]
        for word, options in VOC_CONVENTIONS.items()
    }
    plain = zoo(*words)
    told = json.loads(zoo(*words, "--json").out)

    assert numbers["devkit"] != numbers["paddledetection"]
    assert (told["convention"], told["classes"], told["notes"]) == ("devkit", None, [])
    assert box_ap(zoo(*words, "--json")) == numbers["devkit"]
    assert plain.out.splitlines()[3] == (
        "convention: devkit (of files made elsewhere; --convention paddledetection for "
        "the zoo's own)"
    )
    for word, expected in numbers.items():
        asked = (*words, "--convention", word)
        by = json.loads(zoo(*asked, "--json", "--by", "class").out)
        assert by["scores_pct"]["box_ap"] == expected
        assert sum(by["by_class"].values()) / 2 == pytest.approx(expected, abs=1e-9)
        assert f"\nconvention: {word} (asked for)\n" in zoo(*asked).out


def test_an_export_says_how_it_is_scored_and_is_scored_so(
    root: Path, results: Any, zoo: Zoo
) -> None:
    words = ("score", "voc", results("voc", noise_px=FAR_PX), "--data-root", root)
    first = zoo(*words, "--name", "net", "--convention", "paddledetection", "--json")
    export = ("export", "net", "--zoo", "scored", "--output")
    zoo(*export, "again")
    zoo(*export, "theirs", "--convention", "devkit")
    again, theirs = (
        zoo("score", "voc", name, "--data-root", root, "--json")
        for name in ("again", "theirs")
    )

    assert box_ap(again) == box_ap(first) != box_ap(theirs)
    assert box_ap(theirs) == box_ap(zoo(*words, "--json"))
    assert json.loads(again.out)["convention_from"] == "as convention.json says"
    for other in ("coco", "widerface"):
        path = results(other, other)
        zoo("score", other, path, "--data-root", root, "--name", other)
        said = zoo("export", other, "--zoo", "scored", "--convention", "devkit")
        assert said.code == 2
        assert f"--convention of {other}; expected none" in said.err


def test_a_voc_row_judges_by_its_own_convention(
    root: Path, results: Any, zoo: Zoo
) -> None:
    words = ("score", "voc", results("voc", noise_px=FAR_PX), "--data-root", root)
    row = ("--row", "yolov3-mobilenet_v1-voc-prune_r578-608")
    said = zoo(*words, *row)
    told = json.loads(zoo(*words, *row, "--json").out)
    asked = json.loads(zoo(*words, "--convention", "paddledetection", "--json").out)

    assert said.code == 1  # of four images, and far off
    assert "\nconvention: paddledetection (the row's own)\n" in said.out
    assert told["scores_pct"] == asked["scores_pct"]
    other = json.loads(zoo(*words, *row, "--convention", "devkit", "--json").out)
    assert other["scores_pct"] == json.loads(zoo(*words, "--json").out)["scores_pct"]


def test_a_class_without_a_file_or_line_counts_0_and_is_named(
    root: Path, results: Any, zoo: Zoo
) -> None:
    path = results("voc")
    words = ("score", "voc", path, "--data-root", root)
    whole = json.loads(zoo(*words, "--by", "class", "--json").out)["by_class"]
    (path / "comp4_det_test_dog.txt").write_text("")
    empty = zoo(*words)
    (path / "comp4_det_test_dog.txt").unlink()
    absent = zoo(*words)
    counts = "1 of 2 classes count 0 in the mean; --classes NAME,NAME scores some class"

    assert f"note: no line in the file of dog: {counts}" in empty.out
    assert f"note: no file of dog: {counts}" in absent.out
    for convention in VOC_CONVENTIONS:
        asked = (*words, "--convention", convention, "--json")
        cats = json.loads(zoo(*asked, "--by", "class").out)["by_class"]
        assert cats["dog"] == 0
        assert box_ap(zoo(*asked)) == pytest.approx(cats["cat"] / 2, abs=1e-9)
        assert box_ap(zoo(*asked, "--classes", "cat")) == cats["cat"]
    chosen = zoo(*words, "--classes", " cat,cat ", "--json")
    assert box_ap(chosen) == whole["cat"]
    assert json.loads(chosen.out)["classes"] == ["cat"]
    assert json.loads(chosen.out)["notes"] == []
    assert "; mean of cat alone\n" in zoo(*words, "--classes", "cat").out
    wrong = zoo(*words, "--classes", "cow,moose")
    assert (wrong.code, "got moose; name classes" in wrong.err) == (2, True)
    row = zoo(*words, "--classes", "cat", "--row", "r")
    assert (row.code, "--classes and --row; expected one" in row.err) == (2, True)


def test_faces_are_scored_in_either_arithmetic(
    root: Path, results: Any, zoo: Zoo
) -> None:
    path = results("widerface", noise_px=12)
    words = ("score", "widerface", path, "--data-root", root)
    truth = DATASETS["widerface"].truth(root)
    read = FORMATS["widerface"].read(path, truth)
    numbers = {
        word: metric_of("widerface", options=WiderOptions(arithmetic=arithmetic)).score(
            read, truth
        )
        for word, arithmetic in ARITHMETICS.items()
    }

    for word, expected in numbers.items():
        said = json.loads(zoo(*words, "--arithmetic", word, "--json").out)
        assert said["scores_pct"] == expected
        assert said["convention"] == word
    assert json.loads(zoo(*words, "--json").out)["scores_pct"] == numbers["int32"]
    assert "\narithmetic: int32 (the official tool's; " in zoo(*words).out
    assert "\narithmetic: real (asked for)\n" in zoo(*words, "--arithmetic", "real").out


def test_some_of_the_faces_images_are_scored(
    root: Path, results: Any, zoo: Zoo
) -> None:
    path = results("widerface")
    listed = root.parent / "some.txt"
    listed.write_text("0--Event/0.jpg\n3--Event/3.jpg\n")
    words = ("score", "widerface", path, "--data-root", root)
    some = zoo(*words, "--images", listed, "--json")
    (path / "1--Event" / "1.txt").unlink()
    missing = zoo(*words)

    assert some.code == 0
    record = json.loads(Path(json.loads(some.out)["record"]).read_text())
    assert record["dataset"]["image_count"] == 2
    assert record["measurements"][0]["detection_count"] == 15
    assert missing.code == 2
    assert "to score a part of the images, list them: --images FILE" in missing.err
    assert zoo(*words, "--images", listed, "--json").out == some.out
    other = zoo("score", "voc", results("voc"), "--data-root", root, "--images", listed)
    assert (other.code, "--images; expected none" in other.err) == (2, True)


def test_faces_of_more_digits_are_exported_whole_or_as_published(
    root: Path, results: Any, zoo: Zoo
) -> None:
    path = results("widerface")
    for file in path.rglob("*.txt"):
        head, count, *lines = file.read_text().splitlines()
        longer = [f"{line}{n}1" for n, line in enumerate(lines)]
        file.write_text("\n".join([head, count, *longer]) + "\n")
    first = zoo("score", "widerface", path, "--data-root", root, "--json")
    export = ("export", "theirs", "--zoo", "scored", "--output")
    zoo(*export, "whole")
    zoo(*export, "published", "--published-format")
    whole, published = (
        "".join(
            sorted(file.read_text() for file in (root.parent / name).rglob("*.txt"))
        )
        for name in ("whole", "published")
    )
    again = zoo("score", "widerface", "whole", "--data-root", root, "--json")

    assert json.loads(again.out)["scores_pct"] == json.loads(first.out)["scores_pct"]
    assert whole == "".join(sorted(file.read_text() for file in path.rglob("*.txt")))
    assert len(published) < len(whole)


# --- what is said of COCO results --------------------------------------------------


def test_what_looks_wrong_is_said_and_the_number_stays(
    root: Path, results: Any, zoo: Zoo
) -> None:
    path = results("coco")
    words = ("score", "coco", path, "--data-root", root)
    entries = json.loads(path.read_text())
    path.write_text(json.dumps(entries + entries[:5]))
    truth = DATASETS["coco"].truth(root)
    read = FORMATS["coco"].read(path, truth)
    told = json.loads(zoo(*words, "--json").out)

    assert told["scores_pct"] == METRICS["coco"].score(read, truth)
    (note,) = told["notes"]
    assert note.startswith("5 of 25 detections repeat an earlier one, image, class, ")
    assert f"\nnote: {note}\n" in zoo(*words).out
    record = json.loads((root.parent / told["record"]).read_text())
    assert record["notes"][1:] == [note]
    path.write_text("[]")
    empty = zoo(*words)
    assert (empty.code, "note: no detection at all, so the sc" in empty.out) == (
        0,
        True,
    )


def test_categories_are_told_by_their_names(root: Path, results: Any, zoo: Zoo) -> None:
    path = results("coco")
    file = root / "coco" / "annotations" / "instances_val2017.json"
    document = json.loads(file.read_text())
    document["categories"] = [{"id": 4, "name": "traffic light"}, {"id": 9}]
    document["images"] = [{"id": one["id"]} for one in document["images"]]
    file.write_text(json.dumps(document))
    words = ("score", "coco", path, "--by", "class", "--json")

    for place in (("--data-root", root), ("--truth", file)):
        told = json.loads(zoo(*words, *place).out)
        assert list(told["by_class"]) == ["9", "traffic light"]  # sorted keys


# --- files that cannot be read or written ------------------------------------------


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("name", ["dangling", "loop", "x" * 150 + "/" + "y" * 300])
def test_results_that_cannot_be_read_are_one_line(
    dataset: str, name: str, root: Path, zoo: Zoo
) -> None:
    (root.parent / "dangling").symlink_to("nowhere")
    (root.parent / "loop").symlink_to("loop")
    words = (dataset, name, "--data-root", root, "--name", "n")
    said = zoo("score", *words)

    assert (said.code, said.out) == (2, "")
    assert len(said.err.splitlines()) == 1
    assert "cannot be read; got " in said.err or "no such folder" in said.err
    assert not (root.parent / ".zoo").exists()


def test_places_that_cannot_be_written_are_one_line(
    root: Path, results: Any, zoo: Zoo
) -> None:
    file = root.parent / "file"
    file.touch()
    words = ("score", "coco", results("coco"), "--data-root", root)

    for said, option in (
        (zoo(*words, "--records", file), "--records"),
        (zoo(*words, "--curves", file / "x"), "--curves"),
        (
            zoo("export", "theirs", "--zoo", "scored", "--output", file / "x"),
            "--output",
        ),
    ):
        assert said.code == 2
        assert len(said.err.splitlines()) == 1
        assert "cannot be written; " in said.err
        assert f"another {option}" in said.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--seed", "-1"), "seed; expected 0 or more, got -1; give another --seed"),
        (("--resamples", "9" * 12), "resamples; expected 1 or more, at most"),
        (("--arithmetic", "real"), "--arithmetic of voc; expected none"),
        (
            ("--convention", "x"),
            "--convention; expected devkit or paddledetection, got",
        ),
    ],
)
def test_a_comparison_that_cannot_be_made_is_a_usage_error(
    words: tuple[str, ...], message: str, root: Path, results: Any, zoo: Zoo
) -> None:
    made = results("voc")
    compare = ("compare", made, made, "--dataset", "voc", "--data-root", root)
    said = zoo(*compare, *words)

    assert (said.code, said.out) == (2, "")
    assert message in said.err


def test_two_folders_are_compared_by_one_convention(
    root: Path, results: Any, zoo: Zoo
) -> None:
    one, other = results("voc", "a", FAR_PX), results("voc", "b", FAR_PX)
    (other / "convention.json").write_text('{"convention": "paddledetection"}')
    files = ("compare", one, other, "--dataset", "voc", "--data-root", root)
    for path in (one, other):
        zoo("score", "voc", path, "--data-root", root)
    records = ("compare", "a", "b", "--zoo", "scored")

    for runs in (files, records):
        words = (*runs, "--resamples", "1")
        differing = zoo(*words)
        same = zoo(*words, "--convention", "devkit")
        assert differing.code == 2
        assert "a and b are scored in different ways; expected conv" in differing.err
        assert "give --convention or --arithmetic, for both" in differing.err
        assert same.out.splitlines()[-1] == "1 resample of 4 images, seed 0"
        assert "\nconvention: devkit (asked for)\n" in same.out
        told = json.loads(zoo(*words, "--convention", "devkit", "--json").out)
        assert told["convention"] == "devkit"
        assert told["differences"][0]["difference_pct"] == 0
