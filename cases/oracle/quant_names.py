"""The six quantised networks at full width in, the names of their scales out.

Which convolution reads which ``<activation>.scale`` is fluid's doing: it makes up the
names of activations, and PaddleSlim's pass names the scales after them (zoo-spec 2.7).
So it is read off the live programs, of fluid and of paddleslim, and committed.
"""

import json
from collections import OrderedDict, namedtuple
from functools import partial
from pathlib import Path

import fluid_blazeface
import paddle.fluid as fluid
from fluid_yolov3 import PLANS, build_network, persistables
from old_runtime import about
from quant_program import convolutions, quantise

GOLDEN = "scale_names.json"

#: ``files`` of an aware checkpoint, ``convs`` quantised, ``scales`` (zoo-spec 2.7).
Known = namedtuple("Known", "files convs scales")


def _yolov3(backbone):
    return partial(build_network, backbone, 1.0, 80, PLANS["unpruned"])


def _blazeface(edition):
    return partial(fluid_blazeface.build_network, edition, 1.0)


#: Network -> how it is built, what the pass skips, and what is known of the result.
NETWORKS = OrderedDict(
    [
        ("yolov3_mobilenet_v1", (_yolov3("mobilenet_v1"), True, Known(286, 47, 45))),
        ("yolov3_resnet34", (_yolov3("resnet34"), True, Known(342, 57, 51))),
        (
            "yolov3_resnet50_vd_dcn",
            (_yolov3("resnet50_vd_dcn"), True, Known(459, 75, 72)),
        ),
        ("blazeface_original", (_blazeface("original"), False, Known(237, 42, 39))),
        ("blazeface_lite", (_blazeface("lite"), False, Known(265, 48, 37))),
        ("blazeface_nas", (_blazeface("nas"), False, Known(165, 30, 27))),
    ]
)


def read_names(build, skip_outputs):
    """Quantise the evaluation program; what is in it, as a JSON-like dictionary."""
    before = build()
    program = quantise(before.main, fluid.Scope(), skip_outputs, for_test=True)
    scales = OrderedDict()
    skipped = []
    for conv in convolutions(program):
        if conv.scale is None:
            skipped.append(conv.weights)
        else:
            scales.setdefault(conv.scale, []).append(conv.weights)
    added = sorted(set(persistables(program)) - set(persistables(before.main)))
    if added != sorted(scales):
        raise ValueError(
            "expected the scales that convolutions read, got {}".format(added)
        )
    return {
        "files": len(persistables(program)),
        "convs": sum(len(readers) for readers in scales.values()),
        "scales": scales,
        "float_convs": skipped,
    }


def read_all():
    """What ``scale_names.json`` holds: outputs skipped as published, and quantised."""
    networks = OrderedDict()
    for name, (build, skips, known) in NETWORKS.items():
        found = read_names(build, skip_outputs=skips)
        got = Known(found["files"], found["convs"], len(found["scales"]))
        if got != known:
            raise ValueError("{}: expected {}, got {}".format(name, known, got))
        networks[name] = found
        if skips:
            networks[name + "_all"] = read_names(build, skip_outputs=False)
    return networks


def write_names(folder):
    """Write the file; scales in the order of the program."""
    content = {
        "about": about("quant_names.py", None, paddleslim=_slim_version()),
        "networks": read_all(),
    }
    text = json.dumps(content, indent=1)
    Path(folder, GOLDEN).write_text(text + "\n", encoding="utf-8")


def _slim_version():
    import pkg_resources

    return pkg_resources.get_distribution("paddleslim").version
