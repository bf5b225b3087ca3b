"""``zoo train`` of a toy zoo: to the end, in pieces, and refused."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import harness
from harness.errors import UsageError
from harness.pipeline.measure import embedded
from harness.pipeline.measure.settings import Settings
from harness.pipeline.train import trained
from harness.pipeline.train.asked import Asked
from harness.pipeline.train.retrained_row import retrain_row
from harness.train.checkpoints import steps_done
from harness.train.failed_batch import FailedBatch, write_failed_batch
from harness.train.manifest import FILE_NAME, manifest_bytes
from harness.values.records import Verdict
from testing.toy_zoo import BASELINE, PRUNED, Toy, draw_images, write_toy

Zoo = Callable[..., Any]  # conftest's fixture
#: Of a training that nobody estimates.
NO_PLAN = SimpleNamespace(memory_warning=None)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("toy-data")
    draw_images(root)
    return root


@pytest.fixture
def toy(
    request: pytest.FixtureRequest,
    images: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Toy:
    monkeypatch.chdir(request.config.rootpath)
    return write_toy(tmp_path, home=request.config.rootpath, images=images)


@pytest.fixture
def untimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a training begin whatever it takes: a trial of its step takes seconds."""
    monkeypatch.setattr(trained, "plan_training", lambda *_, **__: NO_PLAN)
    monkeypatch.setattr(trained, "demand_hours", lambda *_: None)


def words(toy: Toy, name: str = "toy", *more: str) -> list[str]:
    return [
        *("train", name, "--zoo", str(toy.folder)),
        *("--data-root", str(toy.settings.data_root)),
        *("--zoo-cache", str(toy.settings.cache)),
        *("--mirror", str(toy.mirror), "--offline", *more),
    ]


@pytest.mark.usefixtures("untimed")
def test_a_recipe_is_trained_in_pieces_described_and_measured(
    toy: Toy, zoo: Zoo, tmp_path: Path
) -> None:
    tar = tmp_path / "mine.tar"
    begun = zoo(*words(toy, "toy", "--steps", "3"))
    ended = zoo(*words(toy, BASELINE, "--output", str(tar)))

    assert begun.code == 0, begun.err
    assert begun.out.startswith("toy: 3 of 6 steps of 2 images, seed 7, ")
    assert "training toy: step 3 of 3, loss " in begun.err
    first, second, third = ended.out.splitlines()
    assert first.startswith("toy: 6 of 6 steps of 2 images, seed 7, ")
    assert " GFLOPs at 64 px, " in second
    assert re.search(r"AP \d+\.\d\d$", second)
    assert third.endswith(f" {tar}")

    told = zoo("describe", BASELINE, "--zoo", toy.folder, "--archive", tar)
    assert told.code == 0, told.err
    assert "recipe" in told.out
    assert "small/toy, sha256" in told.out
    assert "6 of 6, batch 2" in told.out

    row = toy.zoo.row(BASELINE)
    record = retrain_row(
        toy.zoo, toy.book, row, toy.settings, Asked(), watcher=toy.watcher
    )
    assert record.verdict is Verdict.LOWER
    assert record.archive is not None
    assert third.split()[0] == record.archive.sha256


@pytest.mark.usefixtures("untimed")
def test_the_json_tells_what_was_made(toy: Toy, zoo: Zoo, tmp_path: Path) -> None:
    made = zoo(*words(toy, "toy", "--seed", "8", "--batch", "1", "--steps", "2"))
    said = zoo(
        *words(toy, "toy", "--seed", "8", "--batch", "1", "--steps", "2", "--json")
    )

    answer = json.loads(said.out)
    assert made.code == said.code == 0
    assert (answer["zoo"], answer["recipe"]) == ("small", "toy")
    assert (answer["steps"], answer["of_steps"]) == (2, 12)
    assert (answer["seed"], answer["batch"], answer["input_px"]) == (8, 1, 64)
    assert answer["size_bytes"] == Path(answer["path"]).stat().st_size
    assert answer["sha256"] in made.out
    assert 0 <= answer["ap_pct"] <= 100
    described = zoo(
        "describe", BASELINE, "--zoo", toy.folder, "--archive", answer["path"], "--json"
    )
    manifest = json.loads(described.out)["manifest"]
    assert (manifest["recipe_id"], manifest["seed"]) == ("small/toy", 8)


def test_what_an_archive_says_cannot_steer_the_terminal(
    toy: Toy, zoo: Zoo, tmp_path: Path
) -> None:
    made = toy.train(steps=1)
    hostile = replace(made.manifest, device_model="\x1b[2J", notes=("a\n::error::b",))
    shutil.unpack_archive(made.path, tmp_path, filter="data")
    (tmp_path / "toy" / FILE_NAME).write_bytes(manifest_bytes(hostile))
    said = zoo("describe", BASELINE, "--zoo", toy.folder, "--archive", tmp_path / "toy")

    assert said.code == 0, said.err
    assert "cpu, \\x1b[2J" in said.out
    assert "\n::error" not in said.out


@pytest.mark.parametrize(
    ("name", "code", "sentence"),
    [
        ("toi", 2, "no recipe 'toi' in small; "),
        (PRUNED, 3, "no recipe makes toy_pruned of small; "),
        ("startless", 3, "start: toy cannot be fetched, and was not trained here"),
    ],
)
def test_what_cannot_be_trained_is_one_sentence(
    toy: Toy, zoo: Zoo, name: str, code: int, sentence: str
) -> None:
    toy.write("startless", start={"recipe": "toy"})
    said = zoo(*words(toy, name))

    assert said.code == code
    assert sentence in said.err
    assert "Traceback" not in said.err


def test_without_data_it_is_incomplete(toy: Toy, zoo: Zoo) -> None:
    said = zoo("train", "toy", "--zoo", toy.folder, "--zoo-cache", toy.settings.cache)

    assert said.code == 3
    assert "--data-root DIR" in said.err


def test_without_paddleslim_a_pruned_recipe_is_refused(
    toy: Toy, zoo: Zoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy.write("toy_pruned", start={"recipe": "toy"}, strategy={"pruning": "prune_r578"})
    monkeypatch.setitem(sys.modules, "paddleslim", None)
    said = zoo(*words(toy, "toy_pruned"))

    assert said.code == 2
    assert "PaddleSlim cannot be imported" in said.err


@pytest.mark.usefixtures("untimed")
def test_a_batch_that_was_kept_is_done_again(toy: Toy, zoo: Zoo) -> None:
    opened = toy.open()
    (batch,) = opened.run.batches(0, 1)
    failed = FailedBatch(batch=batch, rate=0.001, step=0, state=opened.run.start())
    path = write_failed_batch(opened.folder, failed, opened.run.subject)
    outputs = {
        name: np.full_like(one, np.inf)
        for name, one in failed.state.weights.items()
        if name.startswith("yolo_output")
    }
    broken = replace(failed.state, weights={**failed.state.weights, **outputs})
    other = write_failed_batch(
        toy.mirror, replace(failed, state=broken), opened.run.subject
    )
    sound = zoo(*words(toy, "toy", "--replay", str(path), "--json"))
    refused = zoo(*words(toy, "toy", "--replay", str(other)))
    foreign = zoo(*words(toy, "toy", "--seed", "8", "--replay", str(path)))

    step = opened.run.open_step(failed.state)
    assert json.loads(sound.out)["losses"] == step.run(batch, 0.001).losses
    assert refused.code == foreign.code == 1
    assert "expected finite numbers" in refused.err
    assert "expected sha256" in foreign.err


def test_a_plan_trains_nothing(toy: Toy, zoo: Zoo) -> None:
    said = zoo(*words(toy, "toy", "--plan", "--batch", "1"))

    assert said.code == 0, said.err
    assert "small/toy" in said.out
    assert "8 images (here)" in said.out
    assert "12 of 1 images" in said.out
    assert not list(toy.settings.cache.rglob("*.npz"))


def test_a_training_that_would_take_too_long_is_refused(toy: Toy, zoo: Zoo) -> None:
    refused = zoo(*words(toy, "toy", "--max-hours", "0"))
    begun = zoo(*words(toy, "toy", "--steps", "1", "--max-hours", "1"))

    assert refused.code == 2
    assert "expected at most 0 hours, by --max-hours" in refused.err
    assert begun.code == 0, begun.err


def test_a_plan_and_a_replay_are_not_both_asked_for(toy: Toy, zoo: Zoo) -> None:
    said = zoo(*words(toy, "toy", "--plan", "--replay", "F"))

    assert said.code == 2
    assert "--plan and --replay; expected one of them" in said.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_says_how_to_go_on(toy: Toy, number: signal.Signals) -> None:
    toy.write("toy", schedule__steps=100_000, schedule__milestones=[])
    root = Path(harness.__file__).parents[1]
    with subprocess.Popen(
        # On a busy machine the estimate of so many steps is long.
        [sys.executable, "-m", "harness", *words(toy, "toy", "--max-hours", "99999")],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as process:
        assert process.stderr is not None
        assert "training toy: step 1 of" in process.stderr.readline()
        process.send_signal(number)
        told = process.stderr.read()

    assert process.returncode == 128 + number
    kept = re.search(r"step (\d+) of 100000 is kept: the same command goes on", told)
    assert kept is not None
    (folder,) = toy.settings.cache.glob("trained/small/toy/[!.]*")
    assert steps_done(folder) >= int(kept[1])
    assert "Traceback" not in told


def test_a_cache_that_is_none_is_refused_first(
    toy: Toy, zoo: Zoo, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    said = zoo(*words(toy.with_settings(cache=tmp_path / "file")))

    assert said.code == 2
    assert said.err.startswith(f"zoo: {tmp_path / 'file'}: the cache cannot be written")


@pytest.mark.usefixtures("untimed")
@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("cache", "cache; expected the name of a file, got a folder"),
        ("file/mine.tar", "mine.tar: the result file cannot be written"),
        ("cache/trained/small/toy/last.npz", "got one where trainings keep what they"),
        ("link/mine.tar", "got one where trainings keep what they go on from"),
    ],
)
def test_an_output_that_cannot_be_is_refused_before_anything_is_trained(
    toy: Toy, zoo: Zoo, tmp_path: Path, place: str, told: str
) -> None:
    (tmp_path / "cache" / "trained").mkdir(parents=True)
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "cache" / "trained")
    said = zoo(*words(toy, "toy", "--output", str(tmp_path / place)))

    assert said.code == 2
    assert told in said.err
    assert not list(tmp_path.rglob("*.npz"))


@pytest.mark.usefixtures("untimed")
def test_an_ap_of_earlier_weights_is_not_told_as_the_archives(
    toy: Toy, zoo: Zoo, tmp_path: Path
) -> None:
    begun = zoo(*words(toy, "toy", "--steps", "2", "--json"))
    unmeasured = tmp_path / "unmeasured"
    shutil.copytree(toy.settings.data_root or "", unmeasured)
    (unmeasured / "coco" / "annotations" / "instances_val2017.json").unlink()
    elsewhere = toy.with_settings(data_root=unmeasured)
    ended = zoo(*words(elsewhere, "toy", "--json"))

    assert json.loads(begun.out)["ap_pct"] is not None
    assert "not evaluated on the way" in ended.err
    assert json.loads(ended.out)["path"] == json.loads(begun.out)["path"]
    assert json.loads(ended.out)["ap_pct"] is None


@pytest.mark.usefixtures("untimed")
def test_a_drawn_set_that_rows_are_measured_on_is_drawn_for_a_training_too(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recipe that takes over another learns from its dataset, not from its rows'."""
    drawn: list[str] = []

    def draw(*args: object, **_: object) -> Settings:
        drawn.extend(args[2])
        raise UsageError("enough")

    monkeypatch.setattr(embedded, "with_training_scenes", draw)
    zoo(
        "train",
        "demo_yolov3_mobilenet_v1_voc",
        "--zoo",
        "demo",
        "--zoo-cache",
        tmp_path,
    )

    assert sorted(drawn) == ["coco", "voc"]
