"""Ten steps of a training on the old runtime, each to be compared alone.

The state before a step is exactly what the golden says: velocities are rounded after
each step, the weights follow from them, and the next step starts from both. So the file
holds the first weights and a velocity for each step, a third of what it says.
"""

import zipfile
from collections import namedtuple
from pathlib import Path

import numpy as np
import paddle.fluid as fluid
import train_starts
from network_outputs import load_archive
from old_runtime import about, start_executor
from seeded_weights import normalise, read_variable, round_significant
from stable_files import write_npz
from train_program import TEACHER, VELOCITY, WIDTH, build_losses, build_training
from train_prune import prune, read_archive
from train_scenes import NUM_CLASSES, Batch, draw_batch
from train_targets import level_targets

STEPS, BATCH, BLEND_EVERY = 10, 2, 2
BATCHES = "batches.npz"
SEED = 20200122
#: Of a velocity: 1e-5 of its norm, where runtimes are held to 1e-4 of a step.
VELOCITY_BITS = 15
#: Of the largest weight: those after a step follow from the velocity but for this.
LAST_PLACE = 2.0**-22

#: ``loss`` is ``yolo`` or ``fine``; ``distil`` is None, ``l2`` or ``split``.
Kind = namedtuple("Kind", "backbone plan loss label_smooth distil")


def _kind(
    backbone="mobilenet_v1",
    plan="unpruned",
    loss="yolo",
    label_smooth=False,
    distil=None,
):
    return Kind(backbone, plan, loss, label_smooth, distil)


#: Losses and prunings share kinds: the pruned networks are small, so are their files.
KINDS = {
    "ordinary": _kind(),
    "smooth_r578": _kind(plan="r578", label_smooth=True),
    "fine_r578": _kind(plan="r578", loss="fine"),
    "l2_r578": _kind(plan="r578", distil="l2"),
    "split_sensity": _kind(plan="sensity", loss="fine", distil="split"),
    "sensity": _kind(plan="sensity"),
    "resnet34_r578": _kind(backbone="resnet34", plan="r578"),
    "resnet50_vd_dcn_r578": _kind(backbone="resnet50_vd_dcn", plan="r578"),
}
TEACHER_BACKBONE = "resnet34"  # zoo-spec 4.3


def golden_name(word):
    """File name of a kind's golden."""
    return "steps_{}.npz".format(word)


def write_batches(folder):
    """Write the ten batches of all kinds into ``folder``."""
    rng = np.random.RandomState(SEED)
    batches = [draw_batch(rng, BATCH, BLEND_EVERY) for _ in range(STEPS)]
    arrays = {
        name: np.stack(values) for name, values in zip(Batch._fields, zip(*batches))
    }
    write_npz(
        Path(folder) / BATCHES,
        arrays,
        about("train_steps.py", SEED, num_classes=NUM_CLASSES),
        compression=zipfile.ZIP_LZMA,
    )


def write_steps(word, starts, committed, folder):
    """Write a kind's golden into ``folder``.

    Steps start from the states of the golden in the folder ``committed``, or, where
    that is None, each from the last one's end.
    """
    kind = KINDS[word]
    executor, scope = start_executor(), fluid.Scope()
    teacher = train_starts.start_archive(TEACHER_BACKBONE) if kind.distil else None
    if teacher:
        network = train_starts.build(TEACHER_BACKBONE)
        load_archive(executor, scope, network, Path(starts) / teacher)
    training = build_training(kind, scope)
    executor.run(training.startup, scope=scope)
    run = _Run(executor, scope, training, kind)
    teacher_before = run.read_teacher()
    start = read_archive(
        kind.backbone, WIDTH, Path(starts) / train_starts.start_archive(kind.backbone)
    )
    if kind.plan != "unpruned":
        start = prune(kind.backbone, WIDTH, start, kind.plan)
    states = _read_states(committed, word) if committed else None
    arrays = _take_steps(run, start, states)
    for name, values in run.read_teacher().items():
        assert np.array_equal(values, teacher_before[name]), name + " moved"
    write_npz(
        Path(folder) / golden_name(word),
        arrays,
        about(
            "train_steps.py",
            SEED,
            width=WIDTH,
            num_classes=NUM_CLASSES,
            start=train_starts.start_archive(kind.backbone),
            teacher=teacher,
            batches=BATCHES,
            parameters=[[name, list(start[name].shape)] for name in run.parameters],
            statistics=[[name, list(start[name].shape)] for name in run.statistics],
            velocity_bits=VELOCITY_BITS,
            **kind._asdict()
        ),
        compression=zipfile.ZIP_LZMA,
    )


class _Run:
    """A training program, its scope, and its state as flat vectors."""

    def __init__(self, executor, scope, training, kind):
        self.executor, self.scope, self.kind = executor, scope, kind
        self.training = training
        self.parameters = sorted(
            one.name for one in training.main.all_parameters() if one.trainable
        )  # a BN's statistics are parameters of fluid that are not
        own = {
            op.output(slot)[0]
            for op in training.main.global_block().ops
            if op.type == "batch_norm" and not op.attr("is_test")
            for slot in ("MeanOut", "VarianceOut")
        }
        self.statistics = sorted(own)
        self.velocities = [VELOCITY.format(name) for name in self.parameters]

    def read(self, names):
        """One vector of the variables, in this order."""
        return np.concatenate([read_variable(self.scope, one).ravel() for one in names])

    def write(self, names, vector):
        """Set the variables from one vector."""
        start = 0
        for name in names:
            tensor = self.scope.find_var(name).get_tensor()
            count = int(np.prod(tensor.shape()))
            values = vector[start : start + count].reshape(tensor.shape())
            tensor.set(np.ascontiguousarray(values), fluid.CPUPlace())
            start += count
        assert start == len(vector)

    def read_teacher(self):
        """{name: values} of what the teacher brought."""
        return {
            one.name: read_variable(self.scope, one.name)
            for one in self.training.main.list_vars()
            if one.persistable and one.name.startswith(TEACHER)
        }

    def step(self, feed):
        """Take one step; losses, the sum and rate, heads, the teacher's heads."""
        training = self.training
        names = list(training.losses)
        fetched = self.executor.run(
            training.main,
            feed=feed,
            fetch_list=[
                *training.losses.values(),
                training.loss,
                training.rate,
                *training.heads,
                *training.teachers,
            ],
            scope=self.scope,
        )
        told = {"loss_" + name: fetched[place][0] for place, name in enumerate(names)}
        told.update(loss=fetched[len(names)][0], rate=fetched[len(names) + 1][0])
        outputs = fetched[len(names) + 2 :]
        heads = {"head_{}".format(level): outputs[level] for level in range(3)}
        heads.update(
            ("teacher_head_{}".format(level), one)
            for level, one in enumerate(outputs[3:])
        )
        return told, heads


def _take_steps(run, start, states):
    weights = np.concatenate([start[name].ravel() for name in run.parameters])
    statistics = np.concatenate([start[name].ravel() for name in run.statistics])
    velocity = np.zeros_like(weights)
    arrays = {"weights_0": weights, "statistics": [statistics], "velocities": []}
    told_of_steps = []
    for step, batch in enumerate(_batches()):
        if states:
            weights, velocity, statistics = states[step]
        run.write(run.parameters, weights)
        run.write(run.velocities, velocity)
        run.write(run.statistics, statistics)
        feed = _feed_of(batch, run.kind)
        told, heads = run.step(feed)
        told_of_steps.append(told)
        if step == 0:
            arrays.update(heads)
            arrays.update(_gradients(run, feed, heads))
            arrays.update(
                (name, values)
                for name, values in feed.items()
                if name.startswith("target_")
            )
        after = run.read(run.velocities)
        _check_weights(run.read(run.parameters), weights, told["rate"], after)
        velocity = round_significant(after, VELOCITY_BITS)
        weights = weights - told["rate"] * velocity
        statistics = run.read(run.statistics)
        arrays["velocities"].append(velocity)
        arrays["statistics"].append(statistics)
    for name in told_of_steps[0]:
        arrays[name] = [told[name] for told in told_of_steps]
    # a parameter's velocities beside each other compress better
    arrays["velocities"] = np.transpose(arrays["velocities"])
    return {name: np.asarray(values) for name, values in arrays.items()}


def _check_weights(got, before, rate, velocity):
    """The old runtime's own update, but for the last place: p - rate * v."""
    expected = before - rate * velocity
    allowed = LAST_PLACE * np.abs(before).max()
    worst = np.abs(got - expected).max()
    assert worst <= allowed, "weights differ from p - rate * v by {}".format(worst)


def _gradients(run, feed, heads):
    """{grad_<loss>_<level>: values}: of the sum of the levels, of the other parts."""
    names = [one for one in run.training.losses if not one.startswith("yolo")]
    if run.kind.loss == "yolo":
        names.insert(0, "yolo")
    found = {}
    for name in names:
        losses = build_losses(run.kind, name)
        values = run.executor.run(
            losses.main,
            feed=dict(
                {key: one for key, one in feed.items() if key != "image"}, **heads
            ),
            fetch_list=losses.gradients,
            scope=fluid.Scope(),
        )
        for level, one in enumerate(values):
            found["grad_{}_{}".format(name, level)] = one
    return found


def _batches():
    rng = np.random.RandomState(SEED)
    for _ in range(STEPS):
        yield draw_batch(rng, BATCH, BLEND_EVERY)


def _feed_of(batch, kind):
    feed = {"image": normalise(batch.images), "gt_box": batch.boxes}
    if kind.loss == "yolo":
        feed.update(gt_label=batch.classes, gt_score=batch.scores)
    else:
        input_px = batch.images.shape[1]
        for level, target in enumerate(level_targets(batch, NUM_CLASSES, input_px)):
            feed["target_{}".format(level)] = target
    return feed


def _read_states(folder, word):
    """(weights, velocity, statistics) before each step, from a golden."""
    with np.load(str(Path(folder) / golden_name(word))) as golden:
        weights, velocities = golden["weights_0"], golden["velocities"]
        statistics, rates = golden["statistics"], golden["rate"]
    velocity = np.zeros_like(weights)
    states = []
    for step in range(STEPS):
        states.append((weights, velocity, statistics[step]))
        velocity = velocities[:, step]
        weights = weights - rates[step] * velocity
    return states
