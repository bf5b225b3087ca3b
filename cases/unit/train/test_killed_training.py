"""A run that is killed at any moment goes on as if it had not been."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import harness
from harness.train.checkpoints import read_best, read_last
from testing import toy_training
from testing.toy_training import CHANGES, EVERY, STEPS, SUBJECT, count_changes, train

ROOT = Path(harness.__file__).parents[1]


def list_moments(folder):
    """What an undisturbed run does, in order: ``step`` or the name of a change."""
    moments = []
    take_back = count_changes(lambda: moments.append("change"))
    try:
        train(folder, lambda: moments.append("step"))
    finally:
        take_back()
    return moments


def kill_at(folder, moment):
    words = [sys.executable, "-m", "testing.toy_training", str(folder), str(moment)]
    path = os.pathsep.join([str(ROOT), str(ROOT / "cases")])
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.kill()  # SIGKILL: nothing is tidied up


def same(one, other):
    return (
        one.position == other.position
        and one.score == other.score
        and all(one.weights[n].tobytes() == other.weights[n].tobytes() for n in "wb")
        and one.optimiser["velocity"]["w"].tobytes()
        == other.optimiser["velocity"]["w"].tobytes()
    )


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    moments = list_moments(folder)
    return folder, moments


#: Between two checkpoints, while the third is written, and after it has its name and
#: before it is called the last. ``ZOO_KILLS=20`` tries as many, spread over the run.
KILLS = int(os.environ.get("ZOO_KILLS", "0"))


def moments_to_try(moments):
    if KILLS:
        return [
            1 + place * (len(moments) - 1) // max(1, KILLS - 1)
            for place in range(KILLS)
        ]
    steps = [place for place, kind in enumerate(moments, 1) if kind == "step"]
    third = steps[3 * EVERY - 1]  # the step after which it is written
    writes = len(SUBJECT.shapes) + 1 + 1  # about, weights and velocity
    return [steps[EVERY + 1], third + 2, third + writes + 3]


@pytest.mark.parametrize("place", range(KILLS or 3))
def test_a_killed_run_goes_on_to_the_same_bits(undisturbed, tmp_path, place):
    folder, moments = undisturbed
    moment = moments_to_try(moments)[place]
    run = tmp_path / "run"

    kill_at(run, moment)

    steps_begun = moments[:moment].count("step")
    last = read_last(run, SUBJECT)
    done = 0 if last is None else last.position.step
    assert steps_begun - EVERY <= done + 1
    assert done <= steps_begun
    end = train(run)
    assert same(end, read_last(folder, SUBJECT))
    assert same(read_last(run, SUBJECT), read_last(folder, SUBJECT))
    assert same(read_best(run, SUBJECT), read_best(folder, SUBJECT))


def test_the_three_moments_are_between_in_and_after_a_write(undisturbed):
    if KILLS:
        pytest.skip("others were asked for")
    _, moments = undisturbed
    between, within, after = moments_to_try(moments)

    assert moments[between - 1] == "step"
    assert moments[within - 1] == moments[after - 1] == "change"
    assert after - within > 1
    assert len(CHANGES) == 5
    assert moments.count("step") == STEPS


def test_a_run_that_ended_does_nothing_more(undisturbed, monkeypatch):
    folder, _ = undisturbed
    monkeypatch.setattr(toy_training, "step", None)

    assert train(folder).position.step == STEPS
