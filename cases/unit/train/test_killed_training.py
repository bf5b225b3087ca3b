"""A training that is killed at any moment goes on as if it had not been."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import harness
from harness.train.checkpoints import read_best, read_last
from testing import toy_training
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


def list_moments(folder):
    """What an undisturbed training does, in order."""
    moments = []
    take_back = count_changes(moments.append)
    try:
        train(folder, watched_run(moments.append))
    finally:
        take_back()
    return moments


def kill_at(module, folder, moment):
    words = [sys.executable, "-m", module, str(folder), str(moment)]
    path = os.pathsep.join([str(ROOT), str(ROOT / "cases")])
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.kill()  # SIGKILL: nothing is tidied up


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    moments = list_moments(folder)
    return folder, moments


def moments_to_try(moments):
    if KILLS:
        spread = max(1, KILLS - 1)
        return [1 + place * (len(moments) - 1) // spread for place in range(KILLS)]
    steps = [place for place, kind in enumerate(moments, 1) if kind == "step"]
    evaluations = [
        place for place, kind in enumerate(moments, 1) if kind == "evaluation"
    ]
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
