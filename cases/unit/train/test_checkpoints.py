import errno
import logging
import os
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from harness.errors import TrainingFailed
from harness.files.temporary import SUFFIX
from harness.train.checkpoints import (
    keep_checkpoint,
    read_best,
    read_last,
    steps_done,
)
from harness.train.saved_state import Position, SavedState, Subject
from harness.train.state_file import state_bytes

SUBJECT = Subject(recipe_sha256="5e" * 32, shapes={"w": (3,)})


def state(step, score=None):
    return SavedState(
        subject=SUBJECT,
        position=Position(step=step, seed=1, epoch=0, batch=step),
        weights={"w": np.full(3, step, np.float32)},
        optimiser={"velocity": {"w": np.float32([1, 2, 3])}},
        score=score,
    )


def names(folder):
    return sorted(one.name for one in folder.iterdir())


def test_a_folder_that_is_not_there_has_no_checkpoint(tmp_path):
    assert read_last(tmp_path / "run", SUBJECT) is None
    assert read_best(tmp_path / "run", SUBJECT) is None


def test_the_steps_done_are_told_by_a_name_alone(tmp_path):
    assert steps_done(tmp_path / "nothing") == 0
    for name in ("step-000000040.npz", "step-000000100.npz", "last.npz", "step-9.npz"):
        (tmp_path / name).touch()

    assert steps_done(tmp_path) == 100


def test_the_newest_three_stay_and_the_last_has_a_name(tmp_path):
    for step in (2, 4, 10, 1_000_000_000):
        path = keep_checkpoint(tmp_path, state(step))

    assert path == tmp_path / "step-1000000000.npz"
    assert names(tmp_path) == [
        "last.npz",
        "step-000000004.npz",
        "step-000000010.npz",
        "step-1000000000.npz",
    ]
    assert read_last(tmp_path, SUBJECT).position.step == 1_000_000_000
    assert (tmp_path / "last.npz").read_bytes() == path.read_bytes()
    assert read_best(tmp_path, SUBJECT) is None


def test_as_many_stay_as_were_asked_for(tmp_path):
    for step in (1, 2, 3):
        keep_checkpoint(tmp_path, state(step), kept=1)

    assert names(tmp_path) == ["last.npz", "step-000000003.npz"]


def test_the_best_stays_when_its_checkpoint_is_old(tmp_path):
    for step, score in enumerate((10.0, 30.0, 20.0, None, 30.0, float("nan")), 1):
        keep_checkpoint(tmp_path, state(step, score), kept=1)

    assert names(tmp_path) == ["best.npz", "last.npz", "step-000000006.npz"]
    assert read_best(tmp_path, SUBJECT).position.step == 2  # of equals the first
    assert read_last(tmp_path, SUBJECT).position.step == 6


def test_a_score_that_is_no_number_is_never_the_best(tmp_path):
    keep_checkpoint(tmp_path, state(1, float("nan")))
    assert read_best(tmp_path, SUBJECT) is None

    keep_checkpoint(tmp_path, state(2, -1.0))
    assert read_best(tmp_path, SUBJECT).score == -1.0


def test_the_best_is_named_by_the_next_where_a_process_was_killed_before(tmp_path):
    keep_checkpoint(tmp_path, state(1, 10.0))
    keep_checkpoint(tmp_path, state(2, 30.0))
    shutil.copyfile(tmp_path / "step-000000001.npz", tmp_path / "copy")
    (tmp_path / "copy").replace(tmp_path / "best.npz")

    keep_checkpoint(tmp_path, state(3, 20.0))

    assert read_best(tmp_path, SUBJECT).position.step == 2


def test_the_newest_may_be_written_again(tmp_path):
    keep_checkpoint(tmp_path, state(5))
    keep_checkpoint(tmp_path, state(5, 12.5))

    assert read_last(tmp_path, SUBJECT).score == 12.5
    assert names(tmp_path) == ["best.npz", "last.npz", "step-000000005.npz"]


def test_an_earlier_step_than_the_newest_is_refused(tmp_path):
    keep_checkpoint(tmp_path, state(5))

    with pytest.raises(
        TrainingFailed,
        match=rf"^{tmp_path}: a checkpoint of step 4; expected no later one there, got "
        "step-000000005.npz; train into another folder, or delete the later ones$",
    ):
        keep_checkpoint(tmp_path, state(4))


def test_files_of_others_are_left(tmp_path):
    others = [
        "step-1.npz",
        "step-000000001.npz.bak",
        "notes.txt",
        "xstep-000000001.npz",
    ]
    for name in others:
        (tmp_path / name).write_bytes(b"mine")
    for step in (2, 3):
        keep_checkpoint(tmp_path, state(step), kept=1)

    assert names(tmp_path) == sorted([*others, "last.npz", "step-000000003.npz"])


def test_the_file_of_another_step_is_not_gone_on_from(tmp_path):
    path = keep_checkpoint(tmp_path, state(5))
    path.rename(tmp_path / "step-000000009.npz")

    with pytest.raises(
        TrainingFailed,
        match=r"step-000000009.npz: steps done; expected 9, got 5; "
        "give the file its own name again, or delete it$",
    ):
        read_last(tmp_path, SUBJECT)


def test_a_damaged_newest_is_refused_and_the_one_before_is_left_to_go_on_from(tmp_path):
    keep_checkpoint(tmp_path, state(1))
    newest = keep_checkpoint(tmp_path, state(2))
    newest.write_bytes(newest.read_bytes()[:-50])

    with pytest.raises(
        TrainingFailed,
        match=r"step-000000002.npz: not a checkpoint; .+; "
        "delete the file to go on from the one before it, or to start anew$",
    ):
        read_last(tmp_path, SUBJECT)
    newest.unlink()
    assert read_last(tmp_path, SUBJECT).position.step == 1


def test_the_best_of_another_recipe_is_refused(tmp_path):
    keep_checkpoint(tmp_path, state(1, 5.0))

    with pytest.raises(TrainingFailed, match=r"best.npz: recipe of the checkpoint; "):
        read_best(tmp_path, replace(SUBJECT, recipe_sha256="0a" * 32))


@pytest.fixture
def full_disk(tmp_path, monkeypatch):
    """A disk that takes two bytes of a checkpoint, and has 100 left."""
    keep_checkpoint(tmp_path, state(1, 10.0))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=100))

    def fill(number):
        def write_array(file, *_, **__):
            file.write(b"PK")
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(np.lib.format, "write_array", write_array)

    return fill


def test_a_full_disk_leaves_the_last_one_and_says_how_much_is_missing(
    full_disk, tmp_path
):
    full_disk(errno.ENOSPC)
    needed = state_bytes(state(2, 20.0))

    with pytest.raises(
        TrainingFailed,
        match=rf"^{tmp_path}: the checkpoint of step 2 cannot be written; expected "
        rf"{needed} bytes free, got No space left on device, 100 bytes free: "
        rf"{needed - 100} missing; make room and start again: it goes on at the last "
        "checkpoint$",
    ):
        keep_checkpoint(tmp_path, state(2, 20.0))
    assert names(tmp_path) == ["best.npz", "last.npz", "step-000000001.npz"]
    assert read_last(tmp_path, SUBJECT).position.step == 1
    assert read_best(tmp_path, SUBJECT).score == 10.0


def test_a_quota_with_room_on_the_disk_names_no_bytes_as_missing(
    full_disk, tmp_path, monkeypatch
):
    full_disk(errno.EDQUOT)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1 << 40))

    with pytest.raises(
        TrainingFailed, match=r"got .+quota.+, 1099511627776 bytes free; make room"
    ):
        keep_checkpoint(tmp_path, state(2))


def test_a_folder_that_may_not_be_written_is_named_with_its_reason(full_disk, tmp_path):
    full_disk(errno.EROFS)

    with pytest.raises(
        TrainingFailed,
        match=r"step 2 cannot be written; expected a folder that can be written, "
        "got Read-only file system; make room",
    ):
        keep_checkpoint(tmp_path, state(2))


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "run").write_bytes(b"mine")

    with pytest.raises(
        TrainingFailed,
        match=r"run: the folder of checkpoints; expected a folder that can be read, "
        "got Not a directory; choose another folder$",
    ):
        read_last(tmp_path / "run", SUBJECT)


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_disk_without_second_names_gets_copies(tmp_path, monkeypatch, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    for step in (1, 2):
        keep_checkpoint(tmp_path, state(step, 10.0 - step), kept=1)

    assert names(tmp_path) == ["best.npz", "last.npz", "step-000000002.npz"]
    assert read_best(tmp_path, SUBJECT).position.step == 1
    last = (tmp_path / "last.npz").read_bytes()
    assert last == (tmp_path / "step-000000002.npz").read_bytes()


def test_names_take_no_room_where_the_disk_knows_links(tmp_path):
    path = keep_checkpoint(tmp_path, state(1, 10.0))

    assert path.stat().st_nlink == 3


def test_what_a_killed_process_left_is_removed(tmp_path):
    left = tmp_path / f".step-000000001.npz.abc{SUFFIX}"
    left.write_bytes(b"half")
    os.utime(left, (0, 0))

    keep_checkpoint(tmp_path, state(2))

    assert not left.exists()


def test_what_is_kept_and_gone_on_from_is_logged(tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="harness.train.checkpoints")

    keep_checkpoint(tmp_path, state(3, 10.0))
    read_last(tmp_path, SUBJECT)

    path = tmp_path / "step-000000003.npz"
    assert caplog.messages == [
        "step-000000003.npz is the best so far: 10.0",
        f"checkpoint of step 3: {path}",
        f"goes on at step 3: {path}",
    ]
