"""The loop by itself: what learns is six numbers, so that all of it can be seen."""

import errno
import logging
import os
import re
import signal
import time
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from harness.errors import DatasetInvalid, LossNotFinite, TrainingFailed, UsageError
from harness.train import loop
from harness.train.checkpoints import read_best, read_last
from harness.train.failed_batch import read_failed_batch
from harness.train.loop import rate_of
from harness.train.piecewise_rate import piecewise_rate
from harness.train.replayed_step import replay
from harness.train.step import StepDone
from testing.toy_training import (
    BATCH,
    EVERY,
    PER_EPOCH,
    SCHEDULE,
    SEED,
    STEPS,
    SUBJECT,
    ToyStep,
    same_state,
    toy_batch,
    toy_batches,
    toy_run,
    toy_score,
    train,
)

DUE = list(range(EVERY, STEPS + 1, EVERY))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The end of a training, what its watch was told, and its folder."""
    folder, told = tmp_path_factory.mktemp("undisturbed"), []
    return train(folder, watch=told.append), told, folder


def calling_at(step, act):
    """What learns, and acts in the middle of a step, counted from 0."""

    class Acting(ToyStep):
        def run(self, batch, rate):
            done = super().run(batch, rate)
            if np.array_equal(batch.images, toy_batch(step).images):
                act()
            return done

    return Acting


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def raise_interrupt(*_):
    raise KeyboardInterrupt


def test_a_training_ends_with_its_schedule(undisturbed):
    end, told, _ = undisturbed

    assert end.position.step == STEPS
    assert [one.step for one in told] == list(range(1, STEPS + 1))
    assert {one.steps for one in told} == {STEPS}
    assert (end.position.epoch, end.position.batch) == divmod(STEPS, PER_EPOCH)
    assert end.position.seed == SEED


def test_a_step_is_told_with_its_epoch_its_losses_and_their_sum(undisturbed):
    _, told, _ = undisturbed

    assert [one.epoch for one in told] == [step // PER_EPOCH for step in range(STEPS)]
    assert all(set(one.losses) == {"far", "b"} for one in told)
    assert all(one.loss == one.losses["far"] + 0.5 for one in told)


def test_the_rates_are_those_of_the_schedule(undisturbed):
    _, told, _ = undisturbed
    expected = [0, 0.05, *[0.1] * 6, *[0.01] * 4]

    assert [one.rate for one in told] == pytest.approx(expected)
    assert [rate_of(SCHEDULE, step) for step in range(STEPS)] == [
        piecewise_rate(step, base_rate=0.1, warmup_steps=2, milestones=(8,))
        for step in range(STEPS)
    ]


def test_weights_are_evaluated_where_checkpoints_are_due(undisturbed):
    _, told, folder = undisturbed
    scores = {one.step: one.score_pct for one in told if one.score_pct is not None}

    assert list(scores) == DUE
    assert read_last(folder, SUBJECT).score == scores[STEPS]
    best = read_best(folder, SUBJECT)
    assert best.score == max(scores.values()) == toy_score(best.weights)
    assert scores[best.position.step] == best.score
    names = sorted(one.name for one in folder.iterdir())
    assert names == ["best.npz", "last.npz", *(f"step-{n:09d}.npz" for n in DUE[-3:])]


def test_the_last_step_is_kept_and_evaluated_where_none_is_due(tmp_path):
    schedule = replace(SCHEDULE, steps=STEPS - 1)
    end = train(tmp_path, toy_run(schedule=schedule))

    assert end.position.step == STEPS - 1
    assert end.score == toy_score(end.weights)
    assert same_state(read_last(tmp_path, SUBJECT), end)


def test_nothing_is_evaluated_without_a_score(tmp_path, undisturbed):
    end = train(tmp_path, toy_run(score=None))

    assert end.score is None
    assert read_best(tmp_path, SUBJECT) is None
    assert same_state(replace(end, score=undisturbed[0].score), undisturbed[0])


@pytest.mark.parametrize("steps", range(1, STEPS))
def test_a_training_that_ended_early_goes_on_to_the_same_bits(
    undisturbed, tmp_path, steps
):
    early = train(tmp_path, steps=steps)
    told = []
    end = train(tmp_path, watch=told.append)

    assert early.position.step == steps
    assert early.score == toy_score(early.weights)
    assert same_state(end, undisturbed[0])
    assert told[0].losses == {}
    assert told[0].images_per_s is told[0].left_s is None
    assert told[0].score_pct == early.score
    assert told[0].rate == undisturbed[1][steps - 1].rate
    assert told[0].epoch == undisturbed[1][steps - 1].epoch
    assert [one.step for one in told] == list(range(steps, STEPS + 1))
    assert [one.rate for one in told[1:]] == [
        one.rate for one in undisturbed[1][steps:]
    ]


@pytest.mark.parametrize("steps", [None, 3, STEPS, STEPS + 5])
def test_a_training_that_ended_is_not_done_again(undisturbed, steps):
    end, _, folder = undisturbed
    told = []
    run = toy_run(open_step=None, batches=None, score=None)

    again = train(folder, run, steps=steps, watch=told.append)

    assert same_state(again, end)
    assert [(one.step, one.losses) for one in told] == [(STEPS, {})]


@pytest.mark.parametrize("steps", [0, -1])
def test_a_training_of_no_steps_is_refused(tmp_path, steps):
    with pytest.raises(
        UsageError,
        match=rf"^steps of a training; expected 1 to 12, got {steps}; leave them out",
    ):
        train(tmp_path, steps=steps)


def test_one_step_is_a_training(tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="harness.train.loop")

    end = train(tmp_path, steps=1)

    assert end.position.step == 1
    assert caplog.messages == [
        "training steps 0 to 0",
        f"AP {end.score:.2f} after step 1",
    ]


@pytest.mark.parametrize(
    ("changes", "got"),
    [
        ({"seed": 8}, "expected seed 8, batch 0 of epoch 1, got seed 7, batch 0 of"),
        ({"batches_per_epoch": 4}, "expected seed 7, batch 1 of epoch 1, got seed 7"),
    ],
)
def test_a_checkpoint_of_other_batches_is_not_gone_on_from(tmp_path, changes, got):
    train(tmp_path, steps=5)

    with pytest.raises(
        TrainingFailed, match=rf"^the checkpoint of step 5; {got}.*; train with the"
    ):
        train(tmp_path, toy_run(**changes))


def test_images_per_second_leave_evaluations_and_the_watch_out(monkeypatch, tmp_path):
    now_s = 0.0

    def spend(seconds):
        nonlocal now_s
        now_s += seconds

    def batches(first, last):
        for step in range(first, last):
            spend(1)
            yield toy_batch(step)

    def score(weights):
        spend(1000)
        return toy_score(weights)

    told = []

    def watch(progress):
        spend(500)
        told.append(progress)

    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    run = toy_run(
        batches=batches, score=score, open_step=calling_at(0, lambda: spend(2))
    )
    train(tmp_path, run, steps=4, watch=watch)
    # step 0 takes 3 s, the others 1 s
    assert [one.images_per_s for one in told] == pytest.approx(
        [BATCH / 3, BATCH / 2, BATCH / (5 / 3), BATCH / 1.5]
    )
    assert [one.left_s for one in told] == pytest.approx([9, 4, 5 / 3, 0])
    told.clear()
    train(tmp_path, run, steps=6, watch=watch)  # which counts its own steps alone
    assert [one.images_per_s for one in told[1:]] == pytest.approx([BATCH, BATCH])
    assert [one.left_s for one in told[1:]] == pytest.approx([1, 0])


@pytest.mark.parametrize("step", [0, 1, EVERY - 1, EVERY, STEPS - 1])
def test_ctrl_c_in_the_middle_of_a_step_keeps_that_step(undisturbed, tmp_path, step):
    """After the last step before a checkpoint, and the last of all, too."""
    run = toy_run(open_step=calling_at(step, interrupt))

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, run)

    assert read_last(tmp_path, SUBJECT).position.step == step + 1
    assert same_state(train(tmp_path), undisturbed[0])
    assert same_state(read_best(tmp_path, SUBJECT), read_best(undisturbed[2], SUBJECT))


def test_ctrl_c_in_an_evaluation_costs_no_step_and_the_evaluation_is_made_up_for(
    undisturbed, tmp_path
):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, toy_run(score=raise_interrupt))
    kept, told = read_last(tmp_path, SUBJECT), []
    train(tmp_path, watch=told.append)

    assert (kept.position.step, kept.score) == (EVERY, None)
    assert told[0].step == EVERY
    assert told[0].score_pct == toy_score(kept.weights)
    assert same_state(read_best(tmp_path, SUBJECT), read_best(undisturbed[2], SUBJECT))


def test_the_last_evaluation_is_made_up_for_without_training(undisturbed, tmp_path):
    train(tmp_path, toy_run(score=None))
    end = train(tmp_path, toy_run(open_step=None, batches=None))

    assert same_state(end, undisturbed[0])
    assert same_state(read_last(tmp_path, SUBJECT), end)
    assert same_state(read_best(tmp_path, SUBJECT), end)


def test_a_step_between_evaluations_is_not_evaluated_when_gone_on_from(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, toy_run(open_step=calling_at(3, interrupt)))
    told = []
    train(tmp_path, steps=5, watch=told.append)

    assert [(one.step, one.score_pct is None) for one in told] == [
        (4, True),
        (5, False),
    ]


def test_ctrl_c_while_a_checkpoint_is_written_waits_for_it(
    undisturbed, tmp_path, monkeypatch
):
    link, linked = os.link, []

    def link_and_interrupt(*names):
        if not linked:
            interrupt()
        linked.append(names)
        link(*names)

    monkeypatch.setattr(os, "link", link_and_interrupt)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path)
    monkeypatch.undo()

    names = sorted(one.name for one in tmp_path.iterdir())
    assert names == ["last.npz", "step-000000003.npz"]
    assert read_last(tmp_path, SUBJECT).position.step == EVERY
    assert len(linked) == 1  # it was not written a second time
    assert same_state(train(tmp_path), undisturbed[0])


def test_a_second_ctrl_c_does_not_stop_the_writing_of_the_first(tmp_path, monkeypatch):
    link = os.link

    def interrupt_and_link(*names):
        interrupt()
        link(*names)

    monkeypatch.setattr(os, "link", interrupt_and_link)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, toy_run(open_step=calling_at(1, interrupt)))

    assert (tmp_path / "last.npz").exists()
    assert read_last(tmp_path, SUBJECT).position.step == 2


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_a_watch_that_raises_stops_the_training_and_loses_no_step(
    undisturbed, tmp_path, error
):
    def watch(progress):
        if progress.step == 5:
            raise error

    with pytest.raises(type(error)):
        train(tmp_path, watch=watch)

    assert read_last(tmp_path, SUBJECT).position.step == 5
    assert same_state(train(tmp_path), undisturbed[0])


def failing_batches(step, closed):
    def batches(first, last):
        try:
            yield from toy_batches(first, step)
            raise DatasetInvalid("image 7.jpg cannot be decoded")
        finally:
            closed.append(last)

    return batches


def test_batches_that_cannot_be_made_lose_no_step(undisturbed, tmp_path):
    closed = []
    with pytest.raises(DatasetInvalid, match=r"7\.jpg"):
        train(tmp_path, toy_run(batches=failing_batches(5, closed)))

    assert closed == [STEPS]
    assert read_last(tmp_path, SUBJECT).position.step == 5
    assert same_state(train(tmp_path), undisturbed[0])


def test_the_batches_are_closed_when_a_step_fails(tmp_path):
    closed = []

    def batches(first, last):
        with closing(toy_batches(first, last)) as made:
            try:
                yield from made
            finally:
                closed.append(last)

    with pytest.raises(KeyboardInterrupt):
        train(
            tmp_path,
            toy_run(batches=batches, open_step=calling_at(2, interrupt)),
        )

    assert closed == [STEPS]


def test_a_step_that_breaks_off_is_not_kept(undisturbed, tmp_path):
    """Some of its variables have moved: the state is none to go on from."""

    def fail():
        raise MemoryError("no room")

    with pytest.raises(MemoryError):
        train(tmp_path, toy_run(open_step=calling_at(4, fail)))

    assert read_last(tmp_path, SUBJECT).position.step == EVERY
    assert same_state(train(tmp_path), undisturbed[0])


def test_a_disk_that_is_full_is_not_written_to_twice(tmp_path, monkeypatch):
    asked = []

    def refuse(folder, state):
        asked.append(state.position.step)
        raise TrainingFailed("no room")

    monkeypatch.setattr(loop, "keep_checkpoint", refuse)
    with pytest.raises(TrainingFailed, match="no room"):
        train(tmp_path)

    assert asked == [EVERY]


def test_what_stopped_a_training_is_told_though_nothing_can_be_kept(
    tmp_path, monkeypatch, caplog
):
    def refuse(folder, state):
        raise TrainingFailed("no room")

    monkeypatch.setattr(loop, "keep_checkpoint", refuse)
    with pytest.raises(DatasetInvalid, match=r"7\.jpg"):
        train(tmp_path, toy_run(batches=failing_batches(2, [])))

    assert "no room" in caplog.messages


class NoNumber(ToyStep):
    """A loss that is infinite where the weights are those before step 5."""

    def run(self, batch, rate):
        if np.array_equal(batch.images, toy_batch(5).images):
            raise LossNotFinite("loss of far", expected="finite numbers", got="inf")
        return super().run(batch, rate)


def test_a_loss_that_is_no_number_leaves_what_gave_it(undisturbed, tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="harness")
    path = tmp_path / "failed-000000005.npz"
    with pytest.raises(
        LossNotFinite,
        match=re.escape(
            "step 5: loss of far; expected finite numbers, got inf; "
            f"{path} holds its batch and weights: `zoo train ID --replay FILE` does it "
            "again"
        ),
    ):
        train(tmp_path, toy_run(open_step=NoNumber))

    failed = read_failed_batch(path, SUBJECT)
    before = read_last(tmp_path, SUBJECT)
    assert before.position.step == failed.step == 5
    assert failed.rate == rate_of(SCHEDULE, 5)
    assert np.array_equal(failed.batch.images, toy_batch(5).images)
    for name, value in before.weights.items():
        assert failed.state.weights[name].tobytes() == value.tobytes()
    assert f"batch of step 5: {path}" in caplog.messages
    with pytest.raises(LossNotFinite, match=r"^loss of far; .* got inf$"):
        replay(failed, NoNumber)
    assert isinstance(replay(failed, ToyStep), StepDone)
    assert same_state(train(tmp_path), undisturbed[0])


def test_a_failed_batch_that_finds_no_room_still_tells_the_loss(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", refuse)
    with pytest.raises(
        LossNotFinite,
        match=r"^step 5: loss of far; expected finite numbers, got inf; its batch "
        rf"cannot be written to {re.escape(str(tmp_path))}: No space left on device; "
        "make room and start again: this step comes next$",
    ):
        train(
            tmp_path,
            toy_run(
                open_step=NoNumber, schedule=replace(SCHEDULE, save_every_steps=100)
            ),
        )

    assert list(tmp_path.iterdir()) == []
