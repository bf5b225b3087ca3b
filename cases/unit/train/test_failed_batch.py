import json
import re
import zipfile
from dataclasses import fields, replace

import numpy as np
import pytest

from harness.errors import LossNotFinite, TrainingFailed
from harness.train.failed_batch import (
    DELETE,
    SAME_TRAINING,
    FailedBatch,
    keep_failed,
    read_failed_batch,
    write_failed_batch,
)
from harness.train.replayed_step import replay
from harness.train.saved_state import Subject
from harness.train.step import Objective, Step, TrainingState
from harness.values.training import Batch
from testing.slow_training import TinyYolo, random_state
from testing.training import training_batch

NETWORK = TinyYolo()
WEIGHTS, VELOCITIES = random_state(NETWORK, seed=1)
SUBJECT = Subject(
    recipe_sha256="5e" * 32,
    shapes={name: value.shape for name, value in WEIGHTS.items()},
)
SOUND = training_batch(seed=4, input_px=32, num_classes=1)
HUGE = SOUND.images.copy()
HUGE[0, 0] = np.finfo(np.float32).max  # a sum of such is infinite
FAILED = FailedBatch(
    batch=replace(SOUND, images=HUGE),
    rate=1e-3,
    step=12,
    state=TrainingState(weights=WEIGHTS, velocities=VELOCITIES),
)
NOT_ONE = (
    rf"failed-000000012.npz: not a failed batch; expected one as it was written, "
    rf"got {{}}; {DELETE}$"
)


@pytest.fixture
def path(tmp_path):
    return write_failed_batch(tmp_path, FAILED, SUBJECT)


def open_step(state):
    return Step(NETWORK, state, Objective(num_classes=1))


def same_arrays(one, other):
    return one.keys() == other.keys() and all(
        value.dtype == other[name].dtype and value.tobytes() == other[name].tobytes()
        for name, value in one.items()
    )


def arrays_of(batch):
    return {one.name: getattr(batch, one.name) for one in fields(Batch)}


def entries(path):
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def pack(path, contents):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)


def test_what_was_written_is_read_back_to_the_bit(path):
    failed = read_failed_batch(path, SUBJECT)

    assert path.name == "failed-000000012.npz"
    assert (failed.step, failed.rate) == (12, 1e-3)
    assert same_arrays(arrays_of(failed.batch), arrays_of(FAILED.batch))
    assert same_arrays(failed.state.weights, WEIGHTS)
    assert same_arrays(failed.state.velocities, VELOCITIES)


def test_velocities_that_are_missing_are_missed_when_read(tmp_path):
    state = TrainingState(weights=WEIGHTS, velocities={})
    path = write_failed_batch(tmp_path, replace(FAILED, state=state), SUBJECT)

    assert read_failed_batch(path, SUBJECT).state.velocities == {}


def test_a_step_that_fails_leaves_the_state_of_before_and_fails_again(tmp_path):
    step = open_step(FAILED.state)
    step.run(SOUND, 1e-3)
    before = step.state()
    with pytest.raises(LossNotFinite) as first:
        step.run(FAILED.batch, 1e-3)
    after = step.state()
    path = write_failed_batch(tmp_path, replace(FAILED, state=after), SUBJECT)
    kept = read_failed_batch(path, SUBJECT)

    assert same_arrays(after.weights, before.weights)  # running statistics too
    assert same_arrays(after.velocities, before.velocities)
    assert same_arrays(kept.state.weights, before.weights)
    with pytest.raises(LossNotFinite) as again:
        replay(kept, open_step)
    assert str(again.value) == str(first.value)


def test_a_step_after_one_that_failed_is_as_if_there_had_been_none():
    steps = [open_step(FAILED.state) for _ in range(2)]
    with pytest.raises(LossNotFinite):
        steps[0].run(FAILED.batch, 1e-3)

    losses = [step.run(SOUND, 1e-3).losses for step in steps]

    assert losses[0] == losses[1]
    assert same_arrays(steps[0].state().weights, steps[1].state().weights)


def test_a_step_that_is_sound_when_done_again_tells_its_losses(tmp_path):
    path = write_failed_batch(tmp_path, replace(FAILED, batch=SOUND), SUBJECT)

    done = replay(read_failed_batch(path, SUBJECT), open_step)

    assert done.losses == open_step(FAILED.state).run(SOUND, 1e-3).losses


def test_a_refusal_names_the_file(tmp_path):
    refusal = LossNotFinite("loss of wh", expected="finite numbers", got="inf")

    told = str(keep_failed(tmp_path, FAILED, SUBJECT, refusal))

    assert told == (
        "step 12: loss of wh; expected finite numbers, got inf; "
        f"{tmp_path / 'failed-000000012.npz'} holds its batch and weights: "
        "`zoo train ID --replay FILE` does it again; a training that is started again "
        "meets it next"
    )


def about(**changes):
    def change(contents):
        head, line_end, text = contents["about.npy"].partition(b"\n")
        told = json.dumps(json.loads(text) | changes).encode()
        return {**contents, "about.npy": head + line_end + told}

    return change


def without(name):
    return lambda contents: {key: one for key, one in contents.items() if key != name}


def renamed(old, new):
    return lambda contents: {
        (new if key == old else key): one for key, one in contents.items()
    }


#: How a file lies, and what is told of it.
LIES = {
    "more images than there are": (
        about(images=10**12),
        r"b/images.npy as float32 \(2, 3, 32, 32\), not \(10{12}, 3, 32, 32\)",
    ),
    "no images": (about(images=0), "a batch of nothing"),
    "a negative size": (about(input_px=-32), "a batch of nothing"),
    "other places for boxes": (
        about(boxes=5),
        r"b/boxes_cxcywh.npy as float32 \(2, 6, 4\), not \(2, 5, 4\)",
    ),
    "a rate of text": (about(rate="fast"), ".*rate.*"),
    "no batch": (without("b/images.npy"), ".*b/images.npy.*"),
    "no weights": (without("w/tiny.0.weights.npy"), ".*w/tiny.0.weights.npy.*"),
    "a field that no batch has": (
        renamed("o/velocity/tiny.0.weights.npy", "b/more.npy"),
        "an entry b/more.npy",
    ),
    "velocities of an unknown variable": (
        renamed("o/velocity/tiny.0.weights.npy", "o/velocity/other.npy"),
        "an entry o/velocity/other.npy",
    ),
    "a path": (
        renamed("o/velocity/tiny.0.weights.npy", "../x.npy"),
        r"an entry \.\./x.npy",
    ),
    "floats for classes": (
        lambda contents: {**contents, "b/classes.npy": contents["b/scores.npy"]},
        r"b/classes.npy as float32 \(2, 6\), not \(2, 6\)",
    ),
}


@pytest.mark.parametrize("kind", LIES)
def test_a_file_that_lies_is_refused(path, kind):
    change, got = LIES[kind]
    pack(path, change(entries(path)))

    with pytest.raises(TrainingFailed, match=NOT_ONE.format(got)):
        read_failed_batch(path, SUBJECT)


@pytest.mark.parametrize("damage", [b"", b"hello", None])
def test_a_damaged_file_is_refused(path, damage):
    path.write_bytes(path.read_bytes()[:-40] if damage is None else damage)

    with pytest.raises(TrainingFailed, match=NOT_ONE.format(".+")):
        read_failed_batch(path, SUBJECT)


def test_a_file_of_a_later_format_is_named(path):
    pack(path, about(format=2)(entries(path)))

    with pytest.raises(
        TrainingFailed,
        match=rf"format of the failed batch; expected 1, got 2; {DELETE}$",
    ):
        read_failed_batch(path, SUBJECT)


def test_a_batch_of_another_training_is_refused(path):
    other = replace(SUBJECT, recipe_sha256="0a" * 32)

    with pytest.raises(
        TrainingFailed,
        match=re.escape(f"{path}: recipe of the checkpoint; expected sha256 0a0a"),
    ) as refused:
        read_failed_batch(path, other)
    assert str(refused.value).endswith(f"; {SAME_TRAINING}")
