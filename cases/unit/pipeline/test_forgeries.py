"""What somebody may edit in a record, its arrays or its truth, and what shuts it."""

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.files.record_files import write_detections, write_record, write_truth
from harness.pipeline.gate.demands import Demands
from harness.pipeline.gate.finding import Finding, Rule
from harness.pipeline.measure.run_keys import store_key
from harness.values.datasets import KnownDataset
from harness.values.detections import Detections, Results
from harness.values.records import Record, StructureRecord, Verdict
from harness.values.truth import CocoTruth, VocTruth
from harness.values.waivers import Waiver

PLAIN = "yolov3-mobilenet_v1-coco-prune_r578-608"
DOUBTED = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"
TODAY = dt.date(2030, 6, 15)
WORDS = Path(__file__).parents[1] / "data" / "gate_words.json"

Folder = Any  # conftest.Folder; tests cannot import it
Forge = Callable[[Folder], None]


def record(**changes: object) -> Forge:
    return lambda green: green.change(PLAIN, **changes)


def run(**changes: object) -> Forge:
    return lambda green: green.change_run(PLAIN, **changes)


def dataset(**changes: object) -> Forge:
    return lambda green: green.change_dataset(PLAIN, **changes)


def archive(**changes: object) -> Forge:
    return lambda green: green.change_archive(PLAIN, **changes)


def environment(*, key_too: bool = False, **changes: object) -> Forge:
    """Edit the environment, and the key that is computed from it as well."""

    def forge(green: Folder) -> None:
        before = green.read(PLAIN)
        after = replace(before.environment, **changes)
        green.change(PLAIN, environment=after)
        if key_too:
            key = store_key(
                green.zoo.row(PLAIN),
                input_px=608,
                archive_sha256=before.archive.sha256,
                dataset_fingerprint=before.dataset.fingerprint,
                environment=after,
            )
            green.change_run(PLAIN, store_key=key.digest())

    return forge


def made(**changes: object) -> Forge:
    return lambda green: green.change(
        PLAIN, made=replace(green.read(PLAIN).made, **changes)
    )


def protocol(**changes: str) -> Forge:
    return lambda green: green.change(
        PLAIN, protocol={**green.read(PLAIN).protocol, **changes}
    )


def judgement(**changes: object) -> Forge:
    def forge(green: Folder) -> None:
        (one,) = green.read(PLAIN).measurements[0].judgements
        green.change_run(PLAIN, judgements=(replace(one, **changes),))

    return forge


def score(**scores: float) -> Forge:
    def forge(green: Folder) -> None:
        before = green.read(PLAIN).measurements[0].scores_pct
        green.change_run(PLAIN, scores_pct={**before, **scores})

    return forge


def text(change: Callable[[str], str]) -> Forge:
    """Edit the file itself, as an editor does."""

    def forge(green: Folder) -> None:
        path = green.path / f"{PLAIN}.json"
        path.write_text(change(path.read_text("utf-8")), "utf-8", newline="\n")

    return forge


def value(name: str, to: str) -> Forge:
    """Give every field of that name another value, in the text."""

    def change(content: str) -> str:
        lines = content.split("\n")
        for place, line in enumerate(lines):
            if line.strip().startswith(f'"{name}": '):
                comma = "," if line.endswith(",") else ""
                lines[place] = f"{line.partition(':')[0]}: {to}{comma}"
        return "\n".join(lines)

    return text(change)


def detections(change: Callable[[Detections], Any]) -> Forge:
    """Store other detections, and name them in the record as a measurement would."""

    def forge(green: Folder) -> None:
        other = change(found(green))
        green.change_run(
            PLAIN,
            detections_file=write_detections(green.path, other),
            detections_sha256=other.sha256(),
            detection_count=len(other.image_ids),
        )

    return forge


def found(green: Folder) -> Detections:
    name = green.read(PLAIN).measurements[0].detections_file
    with np.load(green.path / name) as arrays:
        return Detections(**dict(arrays))


def truth(change: Callable[[CocoTruth], Any]) -> Forge:
    """Store another truth, and name it in the record as a measurement would."""

    def forge(green: Folder) -> None:
        name = green.read(PLAIN).dataset.truth_file
        with np.load(green.path / name) as arrays:
            other = change(CocoTruth(**dict(arrays)))
        green.change_dataset(
            PLAIN,
            truth_file=write_truth(green.path, other),
            truth_sha256=other.sha256(),
            image_count=len(other.image_ids),
            annotation_count=other.annotation_count,
        )

    return forge


def both(*forges: Forge) -> Forge:
    def forge(green: Folder) -> None:
        for one in forges:
            one(green)

    return forge


def results(one: Detections) -> Results:
    return Results(
        evaluated_ids=one.evaluated_ids,
        image_ids=one.image_ids,
        classes=one.classes,
        scores=one.scores.astype(np.float64),
        boxes=one.boxes_xyxy.astype(np.float64),
    )


def repeated(one: Detections, times: int) -> Detections:
    arrays = {
        name: np.repeat(one.arrays()[name], times, axis=0)
        for name in ("image_ids", "classes", "scores", "boxes_xyxy")
    }
    return Detections(evaluated_ids=one.evaluated_ids, **arrays)


def voc_truth(one: CocoTruth) -> VocTruth:
    return VocTruth(
        image_ids=one.image_ids,
        image_names=np.array(["1", "2", "3"]),
        sizes_wh=np.full((3, 2), 100, np.int64),
        class_names=np.array(["a", "b"]),
        box_image_ids=one.box_image_ids,
        box_classes=np.zeros(4, np.int32),
        boxes_xyxy=one.boxes_xywh,
        is_difficult=np.zeros(4, np.bool_),
    )


def files(name: str, content: str) -> Forge:
    return lambda green: (green.path / name).write_text(content, "utf-8") and None


#: What was forged -> how, the rule that shuts it, and in which words.
FORGERIES: Mapping[str, tuple[Forge, Rule, str]] = {
    # The file.
    "empty": (text(lambda _: ""), Rule.RECORD, "not JSON"),
    "cut": (text(lambda one: one[:-40]), Rule.RECORD, "not JSON"),
    "nested": (text(lambda _: "[" * 100_000), Rule.RECORD, "nested too deeply"),
    "a key twice": (
        text(lambda one: one.replace('"zoo"', '"zoo": "x",\n  "zoo"')),
        Rule.RECORD,
        "field zoo; expected once, got twice",
    ),
    "a field more": (
        text(lambda one: one.replace('"zoo"', '"mood": "good",\n  "zoo"')),
        Rule.RECORD,
        "fields of the record; expected no others, got also mood",
    ),
    "a field more inside": (
        text(lambda one: one.replace('"replayed"', '"sure": true,\n"replayed"')),
        Rule.RECORD,
        "fields of measurements[0]; expected no others, got also sure",
    ),
    "a field less": (
        text(lambda one: one.replace('  "reason": "",\n', "")),
        Rule.RECORD,
        "got Object missing required field `reason`",
    ),
    "an older form": (value("format", "1"), Rule.RECORD, "record format; expected 2"),
    "a score that is NaN": (
        value("box_ap", "NaN"),
        Rule.RECORD,
        "not JSON; got Out of range float values",
    ),
    "a score that is null": (
        value("box_ap", "null"),
        Rule.RECORD,
        "scores_pct[...]; expected float, got null",
    ),
    "a score of 401 digits": (
        value("box_ap", "1" + "0" * 400),
        Rule.RECORD,
        "got Number out of range",
    ),
    "a judgement that is Infinity": (
        value("measured_pct", "Infinity"),
        Rule.RECORD,
        "not JSON; got Out of range float values",
    ),
    "a verdict of its own": (
        value("verdict", '"perfect"'),
        Rule.RECORD,
        "got Invalid enum value 'perfect'",
    ),
    "half a surrogate": (value("reason", '"\\ud800"'), Rule.RECORD, "not JSON"),
    "an edit by hand": (
        value("device_model", '"Another processor"'),
        Rule.RECORD,
        "the digest is not that of the record",
    ),
    "another digest": (
        value("digest", f'"{"0" * 64}"'),
        Rule.RECORD,
        "the digest is not that of the record",
    ),
    "another row's name": (
        value("row_id", f'"{DOUBTED}"'),
        Rule.RECORD,
        "the digest is not",
    ),
    # What it is of.
    "another zoo": (record(zoo="demo"), Rule.ZOO, "a record of another zoo"),
    "a row that is none": (
        lambda green: (
            write_record(green.path, replace(green.read(PLAIN), row_id="yolov9"))
            and None
        ),
        Rule.ROW,
        "a record of no row",
    ),
    "a record that is gone": (
        lambda green: (green.path / f"{PLAIN}.json").unlink(),
        Rule.NO_RECORD,
        "not measured",
    ),
    # How it was made.
    "no making": (record(made=None), Rule.MADE, "made on no day, by no code"),
    "a day to come": (made(date="2031-01-01"), Rule.MADE, "the day it was made on"),
    "a day that is none": (made(date="2030-02-30"), Rule.MADE, "got '2030-02-30'"),
    "a day in words": (made(date="today"), Rule.MADE, "the day it was made on"),
    "a version in words": (
        made(harness="newest"),
        Rule.MADE,
        "harness that made it; expected a version",
    ),
    "a commit of seven digits": (
        made(commit="807bb0e"),
        Rule.MADE,
        "commit that made it; expected 40 hexadecimal digits",
    ),
    "no environment": (
        record(environment=None),
        Rule.ENVIRONMENT,
        "numbers of no environment; got null",
    ),
    "another precision": (
        environment(precision="fp16", key_too=True),
        Rule.PRECISION,
        "precision; expected float32, got fp16",
    ),
    "another Paddle": (
        environment(paddle="paddlepaddle-gpu 2.6.2"),
        Rule.STORE_KEY,
        "store_key at 608 px does not follow from archive, dataset and environment",
    ),
    "another processor": (
        environment(device_model="A better processor"),
        Rule.STORE_KEY,
        "store_key at 608 px",
    ),
    "another device": (environment(device="gpu"), Rule.STORE_KEY, "store_key at 608"),
    "another optimiser setting": (
        environment(graph_optimiser="off"),
        Rule.STORE_KEY,
        "store_key at 608 px",
    ),
    "another decoder's version": (
        environment(decoder="opencv-python-headless 4.12.0"),
        Rule.STORE_KEY,
        "store_key at 608 px",
    ),
    "no Paddle": (
        environment(paddle="none", key_too=True),
        Rule.ENVIRONMENT,
        "paddle of the environment; expected (paddlepaddle|paddlepaddle-gpu) <version>",
    ),
    "a decoder of other pixels": (
        environment(decoder="pillow 13.0.0", key_too=True),
        Rule.ENVIRONMENT,
        "decoder of the environment; expected opencv-python-headless <version>",
    ),
    "a device of its own": (
        environment(device="tpu", key_too=True),
        Rule.ENVIRONMENT,
        "device of the environment; expected cpu|gpu, got 'tpu'",
    ),
    "a metric of its own": (
        environment(metric_engine="my metric 1"),
        Rule.ENVIRONMENT,
        "metric_engine of the environment",
    ),
    "a Python in words": (
        environment(python="three"),
        Rule.ENVIRONMENT,
        "python of the environment; expected <version>, got 'three'",
    ),
    "another version than made it": (
        environment(harness="9.9"),
        Rule.ENVIRONMENT,
        "harness of the environment; expected 1.2.3, got '9.9'",
    ),
    "a numpy in words": (environment(numpy=""), Rule.ENVIRONMENT, "numpy of the"),
    "no thread": (
        environment(threads=0),
        Rule.ENVIRONMENT,
        "threads of the environment; expected 1 or more, got 0",
    ),
    "another threshold": (
        protocol(score_threshold="0.5"),
        Rule.PROTOCOL,
        "score_threshold of the protocol; expected 0.01, got 0.5",
    ),
    "no protocol": (record(protocol={}), Rule.PROTOCOL, "of the protocol; expected"),
    "a protocol of its own": (
        protocol(luck="good"),
        Rule.PROTOCOL,
        "luck of the protocol; expected no such value, got good",
    ),
    "quantised without being so": (
        protocol(quantisation="8 bits: float weights and activation scales, simulated"),
        Rule.PROTOCOL,
        "quantisation of the protocol; expected no such value",
    ),
    "a key of its own": (
        run(store_key="f" * 64),
        Rule.STORE_KEY,
        "store_key at 608 px does not follow",
    ),
    "no key": (run(store_key=""), Rule.STORE_KEY, "store_key at 608 px"),
    "a replay that took time": (
        run(replayed=True),
        Rule.TIMES,
        "replayed at 608 px; expected false with the time that detecting took",
    ),
    "a computation in no time": (
        run(detect_wall_s=0.0, detect_cpu_s=0.0),
        Rule.TIMES,
        "replayed at 608 px",
    ),
    "a time below 0": (
        run(detect_wall_s=-1.0),
        Rule.TIMES,
        "detect_wall_s at 608 px; expected 0 or more, got -1.0",
    ),
    "a scoring time below 0": (run(score_wall_s=-0.5), Rule.TIMES, "score_wall_s at"),
    "a processor time below 0": (run(detect_cpu_s=-0.5), Rule.TIMES, "detect_cpu_s at"),
    # Its archive.
    "no archive": (record(archive=None), Rule.ARCHIVE, "numbers of no archive"),
    "another archive": (archive(name="r50"), Rule.ARCHIVE, "archive; expected m1"),
    "another archive's bytes": (
        archive(sha256="b" * 64),
        Rule.ARCHIVE,
        "sha256 of archive m1; expected aaa",
    ),
    "another archive's size": (
        archive(size_bytes=11),
        Rule.ARCHIVE,
        "size_bytes of archive m1; expected 10, got 11",
    ),
    "another address": (
        archive(source="https://elsewhere.example/m1.tar"),
        Rule.ARCHIVE,
        "source of archive m1; expected https://models.example/m1.tar or mirror:m1.tar",
    ),
    "a layout of its own": (
        archive(layout="zip"),
        Rule.ARCHIVE,
        "layout of archive m1",
    ),
    "another plan's shapes": (
        archive(shape_plan="none"),
        Rule.ARCHIVE,
        "shape_plan of archive m1; expected prune_r578, got none",
    ),
    # Its dataset and truth.
    "no dataset": (record(dataset=None), Rule.DATASET, "numbers of no dataset"),
    "another dataset": (
        dataset(name="voc"),
        Rule.DATASET,
        "dataset; expected coco, got voc",
    ),
    "another fingerprint": (
        dataset(fingerprint="e" * 64),
        Rule.DATASET,
        "fingerprint is not the published one and the record does not say so",
    ),
    "fewer images": (
        dataset(image_count=2),
        Rule.DATASET,
        "image_count is not the published one",
    ),
    "fewer annotations": (
        dataset(annotation_count=3),
        Rule.TRUTH,
        "annotation_count is not that of truth/",
    ),
    "a truth that was moved to match": (
        truth(lambda one: replace(one, boxes_xywh=one.boxes_xywh + 3)),
        Rule.DATASET,
        "truth_sha256 is not the published one and the record does not say so",
    ),
    "a truth without what was missed": (
        truth(lambda one: one.subset(one.image_ids[:2])),
        Rule.DATASET,
        "truth_sha256 is not the published one",
    ),
    "a truth of crowds": (
        truth(lambda one: replace(one, is_crowd=~one.is_crowd)),
        Rule.DATASET,
        "truth_sha256 is not the published one",
    ),
    "a truth of another dataset": (
        truth(voc_truth),
        Rule.SCORE,
        "truth; expected CocoTruth, got VocTruth",
    ),
    "a truth of other kinds": (
        truth(lambda one: replace(one, image_ids=one.image_ids.astype(np.float64))),
        Rule.TRUTH,
        "array image_ids; expected int64 [N], got float64 [3]",
    ),
    "a truth of uneven arrays": (
        truth(lambda one: replace(one, areas_px2=one.areas_px2[:1])),
        Rule.TRUTH,
        "array areas_px2; expected 4 rows, as box_image_ids, got 1",
    ),
    "no truth": (
        lambda green: next((green.path / "truth").iterdir()).unlink(),
        Rule.TRUTH,
        "no such file; copy the records folder whole",
    ),
    "a truth elsewhere": (
        dataset(truth_file="../truth.npz"),
        Rule.TRUTH,
        "path leaves the records folder",
    ),
    "a dataset that differs, and a number": (
        dataset(differences=("one image",)),
        Rule.VERDICT,
        "the verdict does not follow from the measurements; expected wrong_dataset",
    ),
    "part of the data, and a number": (
        dataset(limit=3),
        Rule.VERDICT,
        "expected partial, got reproduced",
    ),
    # Its detections.
    "no detections": (
        run(detections_file="detections/none.npz"),
        Rule.DETECTIONS,
        "no such file",
    ),
    "another digest of detections": (
        run(detections_sha256="0" * 64),
        Rule.DETECTIONS,
        "detections_sha256 is not that of detections/",
    ),
    "a count of its own": (
        run(detection_count=5),
        Rule.DETECTIONS,
        "detection_count is not that of detections/",
    ),
    "better detections": (
        detections(lambda one: replace(one, boxes_xyxy=one.boxes_xyxy - 3)),
        Rule.SCORE,
        "box_ap at 608 px does not follow from the stored detections",
    ),
    "detections of another tool": (
        detections(results),
        Rule.DETECTIONS,
        "holds a result file of another tool",
    ),
    "more than are kept": (
        detections(lambda one: repeated(one, 60)),
        Rule.DETECTIONS,
        "an image at 608 px is beyond what the protocol keeps; expected 100, got 120",
    ),
    "scores below the threshold": (
        detections(lambda one: replace(one, scores=one.scores * np.float32(0.01))),
        Rule.DETECTIONS,
        "a score at 608 px is beyond what the protocol keeps; expected 0.01 to 1",
    ),
    "scores above 1": (
        detections(lambda one: replace(one, scores=one.scores + np.float32(1))),
        Rule.DETECTIONS,
        "a score at 608 px is beyond what the protocol keeps",
    ),
    "a score that is NaN in the arrays": (
        detections(lambda one: replace(one, scores=one.scores * np.float32("nan"))),
        Rule.DETECTIONS,
        "got nan",
    ),
    "detections of fewer images": (
        detections(lambda one: replace(one, evaluated_ids=one.evaluated_ids[:2])),
        Rule.SCORE,
        "evaluated images",
    ),
    "boxes of three numbers": (
        detections(lambda one: replace(one, boxes_xyxy=one.boxes_xyxy[:, :3])),
        Rule.DETECTIONS,
        "array boxes_xyxy; expected float32 [N, 4], got float32 [4, 3]",
    ),
    # Its numbers and what follows from them.
    "a better score": (score(box_ap=99.0), Rule.SCORE, "box_ap at 608 px does not"),
    "another score of its own": (
        score(box_luck=99.0),
        Rule.SCORE,
        "box_luck at 608 px does not follow",
    ),
    "no score": (run(scores_pct={}), Rule.SCORE, "box_ap at 608 px does not follow"),
    "a wider tolerance": (
        judgement(tolerance_pct="9"),
        Rule.JUDGEMENT,
        "judgements at 608 px do not follow",
    ),
    "another claim": (judgement(printed="99.9"), Rule.JUDGEMENT, "judgements at 608"),
    "no judgement": (run(judgements=()), Rule.JUDGEMENT, "judgements at 608 px do not"),
    "another verdict of a run": (
        run(verdict=Verdict.HIGHER),
        Rule.JUDGEMENT,
        "verdict at 608 px; expected reproduced, got higher",
    ),
    "another verdict": (
        record(verdict=Verdict.REPRODUCED_WITH_ERRATUM),
        Rule.VERDICT,
        "expected reproduced, got reproduced_with_erratum",
    ),
    "a verdict without numbers": (
        lambda green: green.unmeasure(PLAIN, Verdict.REPRODUCED),
        Rule.VERDICT,
        "a verdict on numbers without a measurement",
    ),
    "another reason": (
        record(reason="as everybody knows"),
        Rule.REASON,
        "the reason does not follow from the measurements; expected nothing",
    ),
    "no reason for no number": (
        both(
            lambda green: green.unmeasure(PLAIN, Verdict.UNAVAILABLE), record(reason="")
        ),
        Rule.REASON,
        "a row that could not be measured, and no reason",
    ),
    "another size": (run(input_px=416), Rule.RUNS, "runs; expected 608 px as printed"),
    "an erratum's run that is none": (run(erratum="E9"), Rule.RUNS, "608 px as E9"),
    # Beside it.
    "an accepted record that was edited": (
        files(
            "accepted.toml",
            f'[[accepted]]\nrow = "{PLAIN}"\nreason = "r"\nsha256 = "{"0" * 64}"\n',
        ),
        Rule.ACCEPTED,
        "the record is not the one that was accepted; expected 000",
    ),
    "an accepted record that nobody accepted": (
        files("accepted.toml", f'[[accepted]]\nrow = "x"\nsha256 = "{"0" * 64}"\n'),
        Rule.ACCEPTED,
        "not in accepted.toml; expected an entry, got none",
    ),
    "an accepted record without a reason": (
        files(
            "accepted.toml", f'[[accepted]]\nrow = "{PLAIN}"\nsha256 = "{"0" * 64}"\n'
        ),
        Rule.ACCEPTED,
        "accepted for no reason",
    ),
    "a list of accepted records that is none": (
        files("accepted.toml", "[["),
        Rule.ACCEPTED,
        "accepted.toml: not readable as TOML",
    ),
    "a list of accepted records with no entry": (
        files("accepted.toml", "accepted = []"),
        Rule.ACCEPTED,
        "accepted.toml: no accepted record",
    ),
    "figures that no network gives": (
        files(
            f"structure/{PLAIN}.json",
            '{"format": 99}',
        ),
        Rule.STRUCTURE,
        "record format; expected 1",
    ),
}


@pytest.fixture
def forged(green: Folder) -> Folder:
    (green.path / "structure").mkdir()
    return green


def known_of(green: Folder) -> dict[str, KnownDataset]:
    used = green.read(DOUBTED).dataset
    return {
        "coco": KnownDataset(
            image_count=3,
            annotation_count=None,
            fingerprint="f" * 64,
            truth_sha256=used.truth_sha256,
        )
    }


def meant(findings: tuple[Finding, ...], rule: Rule, words: str) -> list[str]:
    return [
        one.message for one in findings if one.rule is rule and words in one.message
    ]


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_shut(forged: Folder, name: str) -> None:
    forge, rule, words = FORGERIES[name]
    known = known_of(forged)
    before = forged.gate(known=known)
    forge(forged)
    report = forged.gate(known=known)

    assert before.exit_code == 0
    assert report.exit_code != 0
    assert meant(report.findings, rule, words), [one.message for one in report.findings]


def test_there_are_sixty_forgeries_at_least() -> None:
    assert len(FORGERIES) >= 60


def test_a_truth_that_nothing_pins_is_shut_by_the_other_rows(forged: Folder) -> None:
    FORGERIES["a truth that was moved to match"][0](forged)
    report = forged.gate()

    assert meant(
        report.findings,
        Rule.AGREE,
        f"truth_sha256 of coco is another than that of {PLAIN}",
    )


def test_an_archive_that_nothing_pins_is_one_for_all_of_its_rows(green: Folder) -> None:
    rows = tuple(replace(one, archive="m1") for one in green.zoo.rows)
    archives = {
        name: replace(one, sha256=None, size_bytes=None)
        for name, one in green.zoo.archives.items()
    }
    zoo = replace(green.zoo, rows=rows, archives=archives)
    green.change_archive(DOUBTED, name="m1", sha256="b" * 64)
    report = green.gate(zoo=zoo)

    assert meant(report.findings, Rule.AGREE, "sha256 of archive m1 is another than")


@pytest.mark.parametrize(
    ("demands", "rule", "words"),
    [
        (
            Demands(device="gpu"),
            Rule.DEVICE,
            "expected gpu, for --require-device, got c",
        ),
        (
            Demands(max_age_days=0),
            Rule.AGE,
            "expected at most 0 days before 2030-06-15",
        ),
        (Demands(pinned=True), Rule.PINNED, "truth of coco not pinned; expected a pin"),
    ],
)
def test_what_else_is_asked_of_a_record_shuts_the_gate(
    green: Folder, demands: Demands, rule: Rule, words: str
) -> None:
    report = green.gate(demands=demands)

    assert meant(report.findings, rule, words)
    assert report.exit_code == 1


def test_a_record_that_is_as_asked_passes(green: Folder) -> None:
    asked = Demands(device="cpu", max_age_days=1, pinned=True)

    assert green.gate(known=known_of(green), demands=asked).exit_code == 0


@pytest.mark.parametrize("date", ["2030-06-15", "2030-06-16"])
def test_a_clock_may_be_a_day_ahead(green: Folder, date: str) -> None:
    made(date=date)(green)

    assert green.gate().exit_code == 0


def waiver(row_id: str, days: int) -> Waiver:
    return Waiver(
        zoo="small",
        row_id=row_id,
        verdict=Verdict.UNAVAILABLE,
        reason="the host is gone",
        expires=TODAY + dt.timedelta(days=days),
    )


def scenarios(forged: Folder, new_folder: Callable[[str], Folder]) -> Mapping[str, Any]:
    """Return a report that has a finding of each rule which no forgery shows alone."""
    baseline = new_folder("baseline")
    write_record(baseline.path, replace(baseline.read(PLAIN), row_id="gone"))
    foreign = replace(baseline.read(PLAIN), row_id="foreign", zoo="demo")
    write_record(baseline.path, foreign)
    return {
        "baseline": forged.gate(baseline=baseline),
        "demands": forged.gate(
            demands=Demands(pinned=True, device="gpu", max_age_days=0)
        ),
        "waivers": forged.gate(
            waiver(PLAIN, 1), waiver(DOUBTED, 367), waiver(PLAIN, -1)
        ),
    }


def golden_findings(
    forged: Folder, new_folder: Callable[[str], Folder]
) -> dict[str, str]:
    """Return the words of one finding of each rule."""
    told: dict[str, str] = {}
    for report in scenarios(forged, new_folder).values():
        for one in report.findings:
            told.setdefault(one.rule, one.message)
    for forge, rule, words in FORGERIES.values():
        if rule not in told:
            folder = new_folder(rule)
            (folder.path / "structure").mkdir()
            forge(folder)
            report = folder.gate(known=known_of(folder))
            told[rule] = meant(report.findings, rule, words)[0]
    moved_truth = new_folder("moved")
    FORGERIES["a truth that was moved to match"][0](moved_truth)
    (told[Rule.AGREE],) = meant(moved_truth.gate().findings, Rule.AGREE, "truth_sha")
    unmeasured = new_folder("unmeasured")
    unmeasured.unmeasure(PLAIN, Verdict.ERRORED)
    unmeasured.unmeasure(DOUBTED, Verdict.UNAVAILABLE)
    for one in unmeasured.gate(baseline=new_folder("before")).findings:
        told.setdefault(one.rule, one.message)
    return {rule: _steady(one, forged.path.parent) for rule, one in told.items()}


def _steady(message: str, folder: Path) -> str:
    """Return a message without what another place, or a bumped revision, changes."""
    return re.sub(r"[0-9a-f]{64}", "<digest>", message.replace(str(folder), "."))


#: Rules whose words stand in tests of their own: they need an engine or a network that
#: errs, or a row that came out lower.
ELSEWHERE = {Rule.ENGINE, Rule.SAMPLE, Rule.DROPPED}


def test_the_words_of_every_rule_are_those_that_are_written_down(
    forged: Folder, new_folder: Callable[[str], Folder]
) -> None:
    golden = json.loads(WORDS.read_text("utf-8"))
    told = golden_findings(forged, new_folder)

    assert set(golden) == set(Rule) - ELSEWHERE
    assert told == golden


def test_a_record_of_figures_has_no_digest(green: Folder) -> None:
    """Its figures are computed again, so that nothing in it is believed."""
    one = StructureRecord(zoo="z", row_id="r", verdict=Verdict.REPRODUCED, reason="")

    assert one.format == 1
    assert Record(zoo="z", row_id="r", verdict=Verdict.ERRORED, reason="r").format == 2
