"""A quantised folder and the demo's pictures in, what the old runtime finds out.

The AP is worked out on the modern side (quant_scores.py): here are the detections.
"""

import hashlib
import json
from collections import OrderedDict
from pathlib import Path

import numpy as np
import paddle.fluid as fluid
from old_runtime import about, split_detections, start_executor
from quant_archives import MODEL_FILE, ONE_FILE, aware_kinds
from quant_models import feed_of, load_trained
from quant_program import convolutions, quantise
from seeded_weights import read_variable
from stable_files import write_npz

BATCH = 8
CROP_PX = 32  # of the two pictures whose activations are kept
CROPS = 2
FIRST_CONVS = 2  # whose outputs are kept
KEPT_IMAGES = 12  # whose detections are kept


class Evaluated(object):
    """A program in a scope of its own, ready to run."""

    def __init__(self, model, folder, kind):
        self.model = model
        self.executor, self.scope = start_executor(), fluid.Scope()
        with fluid.scope_guard(self.scope), fluid.unique_name.guard():
            if folder is None:
                network = model.build()
                load_trained(self.executor, self.scope, model)
                self.program, self.target = network.main, network.detections.name
            elif Path(folder, MODEL_FILE).is_file():
                one_file = ONE_FILE if Path(folder, ONE_FILE).is_file() else None
                self.program, _, targets = fluid.io.load_inference_model(
                    str(folder), self.executor, params_filename=one_file
                )
                self.target = targets[0].name
                _open_ends(self.program)
            else:
                network, skips = model.build(), aware_kinds(model)[kind]
                self.program = quantise(network.main, self.scope, skips, for_test=True)
                fluid.io.load_persistables(self.executor, str(folder), self.program)
                self.target = network.detections.name

    def run(self, images_rgb, sizes_hw, fetch=()):
        """Detections [K, 6] and lengths [N]; what else is fetched, by name."""
        fetched = self.executor.run(
            self.program,
            feed=feed_of(self.model, images_rgb, sizes_hw),
            fetch_list=[self.target] + list(fetch),
            scope=self.scope,
            return_numpy=False,
        )
        rows, lengths = split_detections(fetched[0], len(images_rgb))
        return rows, lengths, {n: np.array(v) for n, v in zip(fetch, fetched[1:])}


def _open_ends(program):
    """Take out the operators that feed and fetch: with them nothing else is fetched."""
    block = program.global_block()
    for place in reversed(range(len(block.ops))):
        if block.ops[place].type in ("feed", "fetch"):
            block._remove_op(place)


def detect_all(evaluated, pixels):
    """{``detections_S``, ``lengths_S``: values} of all pictures, S an input size."""
    if evaluated.model.word == "blazeface":
        images = [pixels["image_{}".format(one)] for one in pixels["image_ids"]]
        found = [evaluated.run(rgb[None], [rgb.shape[:2]])[:2] for rgb in images]
        return _join("own", found)
    arrays = {}
    for size in ("224", "160"):
        images, sizes_hw = pixels["images_" + size], pixels["sizes_hw"]
        found = [
            evaluated.run(images[at : at + BATCH], sizes_hw[at : at + BATCH])[:2]
            for at in range(0, len(images), BATCH)
        ]
        arrays.update(_join(size, found))
    return arrays


def _join(size, found):
    rows, lengths = zip(*found)
    return {
        "detections_" + size: np.concatenate(rows),
        "lengths_" + size: np.concatenate(lengths),
    }


def crops_of(model, pixels):
    """uint8 [2, S, S, 3]: the middles of the first pictures."""
    if model.word == "blazeface":
        images = [pixels["image_{}".format(one)] for one in pixels["image_ids"][:CROPS]]
    else:
        images = pixels["images_160"][:CROPS]
    return np.stack([_middle(rgb) for rgb in images])


def _middle(rgb):
    top, left = [(side - CROP_PX) // 2 for side in rgb.shape[:2]]
    return rgb[top : top + CROP_PX, left : left + CROP_PX]


def look_inside(evaluated, crops):
    """Arrays of the program on two crops, and its convolutions as JSON-like entries.

    ``integers.<activation>``: int8, what a convolution reads. ``output.<weights>``:
    what the first give. ``channel_scales.<weights>``: as the program has them.
    """
    convs = convolutions(evaluated.program)
    quantised = [one for one in convs if one.integers is not None]
    frozen = [one for one in quantised if one.channel_scales is not None]
    wanted = OrderedDict(
        [("output." + one.weights, one.output) for one in convs[:FIRST_CONVS]]
        + [("integers." + one.activation, one.integers) for one in quantised]
    )
    made = [one for one in quantised if one.channel_scales is None]
    for one in made:  # the program works them out
        wanted["channel_scales." + one.weights] = one.weights + ".scale"
        wanted["weights." + one.weights] = one.weights + ".quantized"
    names = list(wanted.values())
    sizes_hw = [[CROP_PX, CROP_PX]] * len(crops)
    rows, lengths, fetched = evaluated.run(crops, sizes_hw, names)
    arrays = {key: fetched[name] for key, name in wanted.items()}
    for one in frozen:
        arrays["channel_scales." + one.weights] = read_variable(
            evaluated.scope, one.channel_scales
        )
        arrays["weights." + one.weights] = read_variable(evaluated.scope, one.weights)
    entries = []
    for one in convs:
        entry = OrderedDict([("weights", one.weights)])
        if one.integers is not None:
            integers = _whole(arrays.pop("weights." + one.weights))
            entry["integers_sha256"] = hashlib.sha256(integers.tobytes()).hexdigest()
            entry["activation"] = one.activation
            entry["activation_scale"] = float(
                read_variable(evaluated.scope, one.scale).reshape(())
            )
        entries.append(entry)
    for key in list(arrays):
        if key.startswith("integers."):
            arrays[key] = _whole(arrays[key])
    arrays.update(crops=crops, crop_detections=rows, crop_lengths=lengths)
    return arrays, entries


def _whole(values):
    """Integers as int8; anything else would be lost by the cast, so it is refused."""
    whole = values.astype(np.int8)
    if not np.array_equal(whole, values):
        raise ValueError("expected integers in -127..127")
    return whole


def write_evaluation(model, kind, folder, pixels, into):
    """Write ``<model>_<kind>.npz`` and ``.json``, and all detections for the scores."""
    evaluated = Evaluated(model, folder, kind)
    found = detect_all(evaluated, pixels)
    arrays, entries = look_inside(evaluated, crops_of(model, pixels))
    for key, values in found.items():
        size = key.partition("_")[2]
        kept = found["lengths_" + size][:KEPT_IMAGES]
        count = len(kept) if key.startswith("lengths") else int(kept.sum())
        arrays[key] = values[:count]
    stem = "{}_{}".format(model.word, kind)
    made_by = about("quant_evaluation.py", None, archive=model.archive, kind=kind)
    write_npz(Path(into, stem + ".npz"), arrays, made_by)
    np.savez(str(Path(into, stem + "_all_detections.npz")), **found)
    content = OrderedDict([("about", made_by), ("convolutions", entries)])
    text = json.dumps(content, indent=1)
    Path(into, stem + ".json").write_text(text + "\n", encoding="utf-8")
