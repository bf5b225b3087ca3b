"""A trained network and pictures in, its quantised archives as folders out.

In two steps, for two versions of paddleslim: 1.0.1, of the zoo's time, quantises; its
``convert`` does not run on paddle 1.8.5, and 1.1.1 has one that does (zoo-spec 0.1).
"""

import shutil
import tempfile
from functools import partial
from pathlib import Path

import paddle.fluid as fluid
from old_runtime import start_executor
from quant_models import feed_of, load_trained
from quant_program import config_of, quantise
from quant_training import train
from saved_layouts import without_call_stacks

#: Rate of training and how often it sees the batches.
RATES = {"yolov3": (1e-4, 3), "blazeface": (0.0, 1)}
POST_IMAGES, POST_BATCH = 64, 16  # the default batch (zoo-spec 4.5)

#: Names of the export's folders and of its files (zoo-spec 3.6).
FLOAT, INT = "float", "int"
MODEL_FILE, ONE_FILE = "__model__", "__params__"


def aware_kinds(model):
    """{kind: whether outputs are skipped}."""
    if model.skip_outputs:
        return {"aware": True, "aware_all": False}
    return {"aware": False}


def write_aware(model, pixels, folder):
    """Quantise, train, save the persistables of both programs, for each kind.

    The first kind is trained, the second takes its weights: only its scales follow.
    """
    first = True
    for kind, skips in aware_kinds(model).items():
        if first:
            fill = partial(load_trained, model=model)
            rate, epochs = RATES[model.word]
        else:
            trained = _named(folder, model, "aware")
            fill = partial(_load_aware, model=model, folder=trained)
            rate, epochs = 0.0, 1
        executor, scope, training = train(model, fill, pixels, skips, rate, epochs)[:3]
        with fluid.scope_guard(scope):
            # a scope of its own: it sets the scales to their first value
            evaluation = quantise(model.build().main, fluid.Scope(), skips, True)
            fluid.io.save_persistables(
                executor, _fresh(folder, model, kind, "files"), evaluation
            )
            fluid.io.save_persistables(
                executor, _fresh(folder, model, kind, "training"), training
            )


def _load_aware(executor, scope, model, folder):
    with fluid.scope_guard(scope):
        fluid.io.load_persistables(executor, folder, model.build().main)


def write_post(model, pixels, folder):
    """``quant_post`` by KL; separate files as it saves them, and all in one."""
    from paddleslim.quant import quant_post

    executor, scope = start_executor(), fluid.Scope()
    load_trained(executor, scope, model)
    network = model.build()
    images = pixels["calibration"]
    images = images.reshape((-1,) + images.shape[2:])[:POST_IMAGES]

    def samples():
        for rgb in images:
            feed = feed_of(model, rgb[None], [rgb.shape[:2]])
            yield tuple(feed[name][0] for name in model.feeds)

    files = _fresh(folder, model, "post", "files")
    with tempfile.TemporaryDirectory() as trained:
        with fluid.scope_guard(scope), fluid.unique_name.guard():
            _export(executor, model, network.main, network, trained)
        with fluid.scope_guard(fluid.Scope()), fluid.unique_name.guard():
            quant_post(executor, trained, files, samples, batch_size=POST_BATCH)
    _strip(files)
    scope = fluid.Scope()
    with fluid.scope_guard(scope), fluid.unique_name.guard():
        program, feeds, targets = fluid.io.load_inference_model(files, executor)
        params = _fresh(folder, model, "post", "params")
        fluid.io.save_inference_model(
            params, feeds, targets, executor, program, params_filename=ONE_FILE
        )
    _strip(params)


def write_frozen(model, kind, folder):
    """``convert`` an aware checkpoint of :func:`write_aware`.

    ``aware`` becomes ``frozen``, ``aware_all`` ``frozen_all``; each separate, in one
    file, with weights held as int8; and the export of both programs, not frozen and
    frozen. ``float`` is the export of the first alone.
    """
    from paddleslim.quant import convert

    frozen = kind.replace("aware", "frozen")
    skips = aware_kinds(model)[kind]
    network, executor, scope = model.build(), start_executor(), fluid.Scope()
    place = fluid.CPUPlace()
    program = quantise(network.main, scope, skips, for_test=True)
    checkpoint = _named(folder, model, kind)
    export = _fresh(folder, model, kind, "export")
    with fluid.scope_guard(scope), fluid.unique_name.guard():
        fluid.io.load_persistables(executor, checkpoint, program)
        for into in (_fresh(folder, model, kind, "float"), _sub(export, FLOAT)):
            _export(executor, model, program, network, into, ONE_FILE)
        plain, held = convert(
            program, place, config_of(skips), scope, save_int8=True
        )
        # the pass to int8 adds variables and leaves those of the plain program
        for layout, converted, one_file in (
            ("files", plain, None),
            ("params", plain, ONE_FILE),
            ("int8", held, None),
        ):
            into = _fresh(folder, model, frozen, layout)
            _export(executor, model, converted, network, into, one_file)
        _export(executor, model, plain, network, _sub(export, INT), ONE_FILE)


def _export(executor, model, program, network, folder, one_file=None):
    target = program.global_block().var(network.detections.name)
    fluid.io.save_inference_model(
        folder, list(model.feeds), [target], executor, program,
        params_filename=one_file,
    )  # fmt: skip
    _strip(folder)


def _strip(folder):
    path = Path(folder, MODEL_FILE)
    path.write_bytes(without_call_stacks(path.read_bytes()))


def _named(folder, model, kind, layout="files"):
    return str(Path(folder, "{}_{}_{}".format(model.word, kind, layout)))


def _fresh(folder, model, kind, layout):
    path = Path(_named(folder, model, kind, layout))
    shutil.rmtree(str(path), ignore_errors=True)
    path.mkdir(parents=True)
    return str(path)


def _sub(folder, name):
    path = Path(folder, name)
    path.mkdir()
    return str(path)
