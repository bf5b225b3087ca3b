"""A training that is killed at any moment goes on as if it had not been."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

import harness
from harness.train import loop
from harness.train.checkpoints import read_best, read_last
from testing import tiny_training, toy_training
from testing.samples import write_images
from testing.toy_training import (
    EVERY,
    STEPS,
    SUBJECT,
    count_changes,
    same_state,
    toy_run,
    train,
    watched_run,
)

ROOT = Path(harness.__file__).parents[1]

#: ``ZOO_KILLS=20`` tries as many moments, spread over the training.
KILLS = int(os.environ.get("ZOO_KILLS", "0"))

CHOSEN = ("before the first", "between two", "while one is written", "evaluation")


def list_moments(folder, watched):
    """What an undisturbed training does, in order."""
    moments = []
    take_back = count_changes(moments.append)
    try:
        loop.train(watched(moments.append), folder)
    finally:
        take_back()
    return moments


def kill_at(module, *words):
    words = [sys.executable, "-m", module, *map(str, words)]
    path = os.pathsep.join([str(ROOT), str(ROOT / "cases")])
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.kill()  # SIGKILL: nothing is tidied up


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    moments = list_moments(folder, watched_run)
    return folder, moments


def spread_over(moments):
    spread = max(1, KILLS - 1)
    return [1 + place * (len(moments) - 1) // spread for place in range(KILLS)]


def places(moments, kind):
    return [place for place, one in enumerate(moments, 1) if one == kind]


def moments_to_try(moments):
    if KILLS:
        return spread_over(moments)
    steps, evaluations = places(moments, "step"), places(moments, "evaluation")
    third = steps[3 * EVERY - 1]  # the step after which it is written
    return [steps[EVERY - 1], steps[EVERY + 1], third + 2, evaluations[1]]


@pytest.mark.parametrize("place", range(KILLS or len(CHOSEN)))
def test_a_killed_training_goes_on_to_the_same_bits(undisturbed, tmp_path, place):
    folder, moments = undisturbed
    moment = moments_to_try(moments)[place]
    run = tmp_path / "run"

    kill_at("testing.toy_training", run, moment)

    steps_begun = moments[:moment].count("step")
    last = read_last(run, SUBJECT)
    done = 0 if last is None else last.position.step
    assert steps_begun - EVERY <= done + 1
    assert done <= steps_begun
    end = train(run)
    assert same_state(end, read_last(folder, SUBJECT))
    assert same_state(read_last(run, SUBJECT), read_last(folder, SUBJECT))
    assert same_state(read_best(run, SUBJECT), read_best(folder, SUBJECT))


@pytest.mark.skipif(KILLS > 0, reason="other moments were asked for")
def test_the_moments_are_those_that_differ(undisturbed):
    _, moments = undisturbed
    before, between, within, evaluation = moments_to_try(moments)

    assert "evaluation" not in moments[:before]
    assert moments[before - 1] == moments[between - 1] == "step"
    assert moments[: between - 1].count("evaluation") == 1
    assert moments[within - 1] == "change"
    assert moments[evaluation - 1] == "evaluation"
    assert moments.count("step") == STEPS
    assert moments.count("evaluation") == STEPS / EVERY


def test_an_evaluation_that_was_killed_costs_no_step(undisturbed, tmp_path):
    _, moments = undisturbed
    moment = moments.index("evaluation") + 1

    kill_at("testing.toy_training", tmp_path, moment)

    kept = read_last(tmp_path, SUBJECT)
    assert (kept.position.step, kept.score) == (EVERY, None)


def test_a_training_that_ended_does_nothing_more(undisturbed):
    folder, _ = undisturbed
    run = toy_run(open_step=None, score=None, batches=None)

    assert toy_training.train(folder, run).position.step == STEPS


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """An undisturbed training of a tiny network: its folder, images and moments."""
    folder, pictures = (tmp_path_factory.mktemp(one) for one in ("real", "images"))
    images = write_images(pictures, tiny_training.IMAGES)
    run = tiny_training.tiny_run(images)
    moments = list_moments(folder, partial(tiny_training.watched_run, run))
    return folder, images, moments


def real_moments(moments):
    """Before the first checkpoint, between two, and while the last is written."""
    if KILLS:
        return spread_over(moments)
    steps = places(moments, "step")
    return [steps[1], steps[3], (steps[-1] + len(moments)) // 2]


@pytest.mark.parametrize("place", range(KILLS or 3))
def test_a_real_training_that_is_killed_goes_on_to_the_same_bits(real, tmp_path, place):
    """A process with workers is killed; one without, or with another, goes on."""
    folder, images, moments = real
    moment, workers = real_moments(moments)[place], min(place, 1)

    kill_at(
        "testing.tiny_training",
        tmp_path / "run",
        images[0].path.parent,
        workers,
        moment,
    )

    kept = read_last(tmp_path / "run", tiny_training.SUBJECT)
    done = moments[: moment - 1].count("step")
    assert (0 if kept is None else kept.position.step) in (
        done // tiny_training.EVERY * tiny_training.EVERY,
        max(0, done - 1) // tiny_training.EVERY * tiny_training.EVERY,
    )
    run = tiny_training.tiny_run(images, workers=int(place == 1))
    end = loop.train(run, tmp_path / "run")
    assert same_state(end, read_last(folder, tiny_training.SUBJECT))


@pytest.mark.skipif(KILLS > 0, reason="other moments were asked for")
def test_the_moments_of_the_real_training_are_those_that_differ(real):
    _, _, moments = real
    before, between, within = real_moments(moments)

    assert moments[before - 1] == moments[between - 1] == "step"
    assert moments[within - 1] == "change"
    assert "change" not in moments[:before]
    assert "change" in moments[:between]
    assert moments[within:].count("step") == 0
