"""Ten training steps of the old runtime: what its files say of themselves holds."""

import hashlib
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from harness.artifact.checkpoint_folder import find_checkpoint_folder
from harness.artifact.unpack import unpack
from harness.model.layouts.opened_folder import open_folder
from harness.model.layouts.weights import read_weights
from harness.model.networks.pruned_channels import PRUNED_RATIOS, pruned_channels
from harness.model.networks.shapes import network_shapes
from harness.model.networks.yolov3 import YoloV3
from harness.model.networks.yolov3_head import block_convs
from testing.training_goldens import STEPS, TRAIN, read_npz, read_training_golden

ORACLE = TRAIN.parent
DEMO = TRAIN.parents[1] / "rows" / "demo" / "archives" / "PaddleSlim"
PLANS = {"unpruned": "none", "r578": "prune_r578", "sensity": "prune_sensity"}
KINDS = sorted(one.stem.removeprefix("steps_") for one in TRAIN.glob("steps_*.npz"))
LOSSES = {
    "ordinary": {"yolo_0", "yolo_1", "yolo_2"},
    "smooth_r578": {"yolo_0", "yolo_1", "yolo_2"},
    "fine_r578": {"fine_xy", "fine_wh", "fine_objectness", "fine_classes"},
    "l2_r578": {"yolo_0", "yolo_1", "yolo_2", "distil_l2"},
    "split_sensity": {
        *("fine_xy", "fine_wh", "fine_objectness", "fine_classes"),
        *("distil_box", "distil_classes", "distil_objectness"),
    },
    "sensity": {"yolo_0", "yolo_1", "yolo_2"},
    "resnet34_r578": {"yolo_0", "yolo_1", "yolo_2"},
    "resnet50_vd_dcn_r578": {"yolo_0", "yolo_1", "yolo_2"},
}
RATES = [0, 2e-4, 4e-4, 6e-4, 8e-4, 1e-3, 1e-3, 1e-3, 1e-4, 1e-4]
#: Convolutions of a level, each of which reads the one before it (zoo-spec 2.4).
READS = ("0.0", "0.1", "1.0", "1.1", "2", "tip")
WEIGHT_DECAY, MOMENTUM = 5e-4, np.float32(0.9)  # zoo-spec 5.1


@pytest.fixture(scope="module")
def goldens():
    return {kind: read_training_golden(kind) for kind in KINDS}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Read the unpruned networks that were pruned, by the word in the golden."""
    about, _ = read_npz("pruned.npz")
    cache = tmp_path_factory.mktemp("cache")
    weights = {}
    for word, source in about["sources"].items():
        path = (DEMO if word == "demo" else TRAIN) / source["archive"]
        stem = path.name.partition(".")[0]
        folder = find_checkpoint_folder(unpack(path, cache), stem)
        network = YoloV3(
            backbone=source["backbone"],
            num_classes=5,
            width=source["width"],
            head_channels=pruned_channels("none", source["width"]),
        )
        shapes = network_shapes(network)
        _, stored = open_folder(folder, list(shapes.variables))
        weights[word] = read_weights(stored, shapes)
    return weights


def kept_by_sum(weights, ratio):
    """Return the channels of the largest sums, in their order (zoo-spec 4.1)."""
    order = np.argsort(np.abs(weights).sum((1, 2, 3)))
    return sorted(order[round(len(weights) * ratio) :].tolist())


def cut(weights, kept):
    """Keep a head's chosen channels, and what reads them, by plain indexing."""
    left = dict(weights)
    for level in range(3):
        stems = [f"yolo_block.{level}.{one}" for one in READS]
        readers = {one: [reader] for one, reader in pairwise(stems)}
        readers[stems[-1]] = [f"yolo_output.{level}"]
        if level < 2:
            readers[stems[4]].append(f"yolo_transition.{level}")
        for stem in stems:
            channels = kept[stem]
            left[f"{stem}.conv.weights"] = left[f"{stem}.conv.weights"][channels]
            for name in ("scale", "offset", "mean", "var"):
                left[f"{stem}.bn.{name}"] = left[f"{stem}.bn.{name}"][channels]
            for reader in readers[stem]:
                name = f"{reader}.conv.weights"
                left[name] = left[name][:, channels]
    return left


def test_every_kind_is_listed_here():
    assert set(KINDS) == set(LOSSES)


def test_the_committed_files_stay_small():
    assert sum(one.stat().st_size for one in TRAIN.iterdir()) < 6_000_000


@pytest.mark.parametrize(
    "name", ["pruned.npz", "batches.npz", *(f"steps_{one}.npz" for one in LOSSES)]
)
def test_a_golden_says_what_made_it(name):
    about, _ = read_npz(name)

    assert about["paddle"] == "1.8.5"
    assert (ORACLE / about["script"]).is_file()
    assert isinstance(about["seed"], int)


@pytest.mark.parametrize("kind", LOSSES)
def test_the_variables_are_those_of_the_network(goldens, kind):
    about, state = goldens[kind].about, goldens[kind].states[0]
    network = YoloV3(
        backbone=about["backbone"],
        num_classes=about["num_classes"],
        width=about["width"],
        head_channels=pruned_channels(PLANS[about["plan"]], about["width"]),
    )
    variables = network_shapes(network).variables.values()

    assert {name: one.shape for name, one in state.weights.items()} == {
        one.name: one.shape for one in variables if one.is_trained
    }
    assert {name: one.shape for name, one in state.statistics.items()} == {
        one.name: one.shape for one in variables if not one.is_trained
    }


@pytest.mark.parametrize("kind", LOSSES)
def test_everything_is_finite_and_in_single_precision(goldens, kind):
    arrays = dict(goldens[kind].arrays)
    for place, state in enumerate(goldens[kind].states):
        for values in (state.weights, state.velocities, state.statistics):
            arrays |= {f"{place}.{name}": one for name, one in values.items()}

    assert {one.dtype for one in arrays.values()} == {np.dtype(np.float32)}
    assert all(np.isfinite(one).all() for one in arrays.values())


@pytest.mark.parametrize("kind", LOSSES)
def test_the_rate_warms_up_for_five_steps_and_falls_at_eight(goldens, kind):
    assert goldens[kind].arrays["rate"] == pytest.approx(RATES, rel=1e-6)


@pytest.mark.parametrize("kind", LOSSES)
def test_the_loss_is_the_sum_of_its_parts(goldens, kind):
    arrays = goldens[kind].arrays
    parts = {one for one in arrays if one.startswith("loss_")}

    assert parts == {f"loss_{one}" for one in LOSSES[kind]}
    total = np.sum([arrays[one] for one in parts], axis=0, dtype=np.float64)
    assert arrays["loss"] == pytest.approx(total, rel=1e-6)
    assert all((arrays[one] >= 0).all() for one in parts)


@pytest.mark.parametrize("kind", LOSSES)
def test_a_step_of_no_rate_moves_velocities_and_statistics_alone(goldens, kind):
    before, after = goldens[kind].states[:2]

    assert goldens[kind].rate(0) == 0
    assert all(
        np.array_equal(before.weights[n], after.weights[n]) for n in after.weights
    )
    assert all(not one.any() for one in before.velocities.values())
    assert all(one.any() for one in after.velocities.values())
    assert any(
        not np.array_equal(before.statistics[name], one)
        for name, one in after.statistics.items()
    )


def decay_of(golden, step, names):
    """Return the share of the named variables that a step adds to their velocity.

    The network's output stays when what comes before a BN is scaled: the gradient has
    no part along those variables, and what the velocity gained along them is decay.
    """
    before, after = golden.states[step : step + 2]
    gained = along = 0.0
    for name in names:
        value = before.weights[name].astype(np.float64)
        gain = after.velocities[name] - MOMENTUM * before.velocities[name]
        gained += float((gain * value).sum())
        along += float((value * value).sum())
    return gained / along


@pytest.mark.parametrize("kind", LOSSES)
def test_weights_of_convolutions_decay_and_scales_and_offsets_do_not(goldens, kind):
    convs = [f"yolo_block.{level}.{one}" for level in range(3) for one in READS[:4]]
    filters = [f"{stem}.conv.weights" for stem in convs]
    scales = [f"{stem}.bn.{one}" for stem in convs for one in ("scale", "offset")]

    for step in range(STEPS):
        of_filters = decay_of(goldens[kind], step, filters)
        assert of_filters == pytest.approx(WEIGHT_DECAY, rel=0.1)
        assert abs(decay_of(goldens[kind], step, scales)) < 0.1 * WEIGHT_DECAY


@pytest.mark.parametrize("kind", LOSSES)
def test_each_loss_has_its_gradient_at_each_head(goldens, kind):
    arrays, heads = goldens[kind].arrays, goldens[kind].heads()
    wanted = {"yolo" if one.startswith("yolo") else one for one in LOSSES[kind]}
    found = {
        one.removeprefix("grad_").rpartition("_")[0]
        for one in arrays
        if one.startswith("grad_")
    }

    assert found == wanted
    assert [one.shape for one in heads] == [(2, 30, side, side) for side in (3, 6, 12)]
    for name in wanted:
        gradients = goldens[kind].heads(f"grad_{name}")
        assert [one.shape for one in gradients] == [one.shape for one in heads]
        assert all(one.any() for one in gradients)


def test_the_batches_have_boxes_for_every_level_and_scores_below_one(goldens):
    batches = goldens["ordinary"].batches
    boxes = np.concatenate([one.boxes_cxcywh.reshape(-1, 4) for one in batches])
    scores = np.concatenate([one.scores.ravel() for one in batches])
    is_box = boxes[:, 2] > 0
    longest_px = 96 * boxes[is_box, 2:].max(axis=1)

    assert len(batches) == STEPS
    assert np.array_equal(is_box, scores > 0)
    assert ((scores[is_box] < 1).any(), (scores[is_box] == 1).any()) == (True, True)
    assert (longest_px.min() < 15, longest_px.max() > 85) == (True, True)
    assert {int(one) for batch in batches for one in batch.classes.ravel()} == set(
        range(5)
    )


def test_the_pruner_keeps_the_channels_of_the_largest_sums(trained):
    _, kept = read_npz("pruned.npz")

    expected = {
        f"{word}.{plan}.{stem}": kept_by_sum(weights[f"{stem}.conv.weights"], ratio)
        for word, weights in trained.items()
        for plan in ("r578", "sensity")
        for stem, ratio in zip(
            block_convs(), PRUNED_RATIOS[f"prune_{plan}"], strict=True
        )
    }
    assert {name: one.tolist() for name, one in kept.items()} == expected


def test_pruned_weights_are_those_of_the_kept_channels_to_the_bit(trained):
    about, kept = read_npz("pruned.npz")

    for word, weights in trained.items():
        for plan in ("r578", "sensity"):
            prefix = f"{word}.{plan}."
            chosen = {
                name.removeprefix(prefix): one
                for name, one in kept.items()
                if name.startswith(prefix)
            }
            left = cut(weights, chosen)
            digests = about["sha256"][f"{word}.{plan}"]
            assert len(digests) == 95  # zoo-spec 4.2
            assert digests == {
                name: hashlib.sha256(np.ascontiguousarray(one)).hexdigest()
                for name, one in left.items()
                if one.shape != weights[name].shape
            }


@pytest.mark.parametrize("kind", LOSSES)
def test_a_training_starts_from_the_trained_network_pruned_as_it_says(
    goldens, trained, kind
):
    about, state = goldens[kind].about, goldens[kind].states[0]
    start = trained[about["backbone"]]
    if about["plan"] != "unpruned":
        _, kept = read_npz("pruned.npz")
        prefix = f"{about['backbone']}.{about['plan']}."
        chosen = {
            name.removeprefix(prefix): one
            for name, one in kept.items()
            if name.startswith(prefix)
        }
        start = cut(start, chosen)

    for name, values in (state.weights | state.statistics).items():
        assert np.array_equal(values, start[name]), name


@pytest.mark.parametrize("kind", ["l2_r578", "split_sensity"])
def test_the_teacher_is_the_trained_resnet34_with_its_own_statistics(
    kind, goldens, old_network, unpacked, cpu
):
    golden = goldens[kind]
    teacher = old_network(backbone="resnet34", width=golden.about["width"])
    opened = teacher.open(unpacked(TRAIN / golden.about["teacher"]))

    found = teacher.heads(opened, cpu, "plain")(golden.batches[0].images_rgb)

    for head, expected in zip(found, golden.heads("teacher_head"), strict=True):
        assert np.abs(head - expected).max() < 1e-4 * np.abs(expected).max()


def test_the_steps_are_made_by_the_old_python_only():
    done = subprocess.run(
        [sys.executable, "-B", str(ORACLE / "make_training.py")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "the old runtime needs CPython 3.7; install it" in done.stderr


def test_a_door_without_the_old_python_says_so_for_the_steps_too(tmp_path):
    done = subprocess.run(
        [
            *(sys.executable, "-B", str(ORACLE / "in_old_python.py")),
            *("--venv", str(Path(tmp_path, "venv")), "--", "--train"),
        ],
        env={"HOME": "/nowhere", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 3
    assert "CPython 3.7 is missing" in done.stderr


FAKE_PYTHON = """#!/bin/sh
case "$1 $2" in
  "-c "*) echo 3.7;;
  "-m venv") /bin/mkdir -p "$4/bin" && /bin/cp "$0" "$4/bin/python";;
  "-m pip") ;;
  *) echo "${0%/bin/python} $*" >>"$LOG"; case "$1" in *"$FAILS") exit 1;; esac;;
esac
"""


@pytest.mark.parametrize(
    ("asked", "fails", "ran", "code"),
    [
        ([], "-", ["make_goldens.py", "make_training.py"], 0),
        (["--check"], "-", ["make_goldens.py --check", "make_training.py --check"], 0),
        (["--write"], "-", ["make_goldens.py --write", "make_training.py --write"], 0),
        ([], "make_goldens.py", ["make_goldens.py", "make_training.py"], 1),
        ([], "make_training.py", ["make_goldens.py", "make_training.py"], 1),
        (["--counts"], "-", ["make_goldens.py --counts"], 0),
        (["--train", "--starts"], "-", ["make_training.py --starts"], 0),
    ],
)
def test_the_door_makes_the_steps_after_the_other_goldens(
    tmp_path, asked, fails, ran, code
):
    python = tmp_path / "python3.7"
    python.write_text(FAKE_PYTHON, encoding="utf-8")
    python.chmod(0o755)

    done = subprocess.run(
        [
            *(sys.executable, "-B", str(ORACLE / "in_old_python.py")),
            *("--venv", str(tmp_path / "venv"), "--", *asked),
        ],
        env={
            "HOME": "/nowhere",
            "PATH": "",
            "ZOO_PYTHON37": str(python),
            "LOG": str(tmp_path / "log"),
            "FAILS": fails,
        },
        check=False,
    )

    lines = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert [one.rpartition(f"{ORACLE}/")[2] for one in lines] == ran
    assert done.returncode == code
    quant = f"{tmp_path / 'venv-quant'} "  # with PaddleSlim
    assert all(one.startswith(quant) == ("make_training" in one) for one in lines)
