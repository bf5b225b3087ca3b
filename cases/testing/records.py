"""Builds judgements, measurements and records that say what a test wants."""

from harness.values.records import Environment, Judgement, Measurement, Record, Verdict


def build_judgement(
    verdict: Verdict = Verdict.REPRODUCED, **fields: object
) -> Judgement:
    """Return a judgement of one number; the plain one is of a box AP of 23.987."""
    plain = {
        "metric": "box_ap",
        "printed": "24.0",
        "measured_pct": 23.987,
        "difference_pct": -0.013,
        "tolerance_pct": "0.1",
        "verdict": verdict,
        "budget": "rounding 0.1",
    }
    return Judgement(**{**plain, **fields})  # type: ignore[arg-type]


def build_measurement(*judgements: Judgement, **fields: object) -> Measurement:
    """Return a measurement with the numbers that are judged, and no detections."""
    digest = "0" * 64
    plain = {
        "input_px": 608,
        "erratum": None,
        "scores_pct": {one.metric: one.measured_pct for one in judgements},
        "judgements": judgements,
        "verdict": judgements[0].verdict if judgements else Verdict.REPRODUCED,
        "detections_sha256": digest,
        "detections_file": f"detections/{digest}.npz",
        "detection_count": 1,
        "store_key": "key",
        "replayed": False,
        "detect_wall_s": 1.0,
        "detect_cpu_s": 1.0,
        "score_wall_s": 1.0,
    }
    return Measurement(**{**plain, **fields})  # type: ignore[arg-type]


def build_record(
    row_id: str, verdict: Verdict, *measurements: Measurement, **fields: object
) -> Record:
    """Return the record of a row of the zoo ``small``; a reason where it misses."""
    plain = {
        "zoo": "small",
        "row_id": row_id,
        "verdict": verdict,
        "reason": "" if verdict is Verdict.REPRODUCED else "because",
        "measurements": measurements,
    }
    return Record(**{**plain, **fields})  # type: ignore[arg-type]


def build_environment(**fields: object) -> Environment:
    """Return what computes in tests: Paddle 2.6.2 on a CPU of two threads."""
    plain = {
        "harness": "0",
        "python": "3",
        "paddle": "paddlepaddle 2.6.2",
        "numpy": "1",
        "decoder": "opencv-python-headless 4.11.0.86",
        "metric_engine": "pycocotools 2.0.11",
        "device": "cpu",
        "device_model": "a model",
        "threads": 2,
        "precision": "float32",
        "graph_optimiser": "on",
    }
    return Environment(**{**plain, **fields})  # type: ignore[arg-type]
