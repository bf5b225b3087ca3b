"""Make the quantised archives and what the old runtime says of them, step by step.

    make_quant.py --step STEP --work DIR    one step of those below, in this order
    make_quant.py --full-quant DIR          the six aware checkpoints at full width
    make_quant.py --names FOLDER            the names of the scales at full width

    quantise    quant_aware and quant_post         paddleslim 1.0.1
    freeze      convert                            paddleslim 1.1.1
    evaluate    detections and activations         either

Before them quant_pixels.py fills DIR, after them quant_scores.py scores; then ``pack``
packs what is committed. in_old_python.py runs them all: ``tox -e oracle -- --quant``.
"""

import argparse
import sys
from pathlib import Path

COMMITTED = (
    "yolov3_aware_files",
    "yolov3_aware_all_float",
    "yolov3_frozen_files",
    "yolov3_post_files",
    "blazeface_aware_files",
    "blazeface_aware_training",
    "blazeface_aware_export",
    "blazeface_frozen_int8",
    "blazeface_post_files",
)
KINDS = {
    "blazeface": ("float", "aware", "frozen", "post"),
    "yolov3": ("float", "aware", "aware_all", "frozen", "frozen_all", "post"),
}
NAMES = "scale_names.json"
FOLDERS, RESULTS, PACKED = "folders", "results", "packed"  # of the working folder


def main(arguments=None):
    """Run one step; 0 when it is done."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--step", choices=sorted(STEPS))
    mode.add_argument("--full-quant", metavar="DIR", type=Path)
    mode.add_argument("--names", metavar="FOLDER", type=Path)
    parser.add_argument("--work", metavar="DIR", type=Path)
    asked = parser.parse_args(arguments)
    # before anything that imports paddle: it sets the number of threads
    import old_runtime  # noqa: F401

    if asked.full_quant:
        from quant_full import write_full_quant

        write_full_quant(asked.full_quant, lambda line: print(line, flush=True))
    elif asked.names:
        from quant_names import write_names

        write_names(asked.names)
    else:
        STEPS[asked.step](asked.work)
    return 0


def quantise(work):
    """Train, calibrate, save: everything of paddleslim 1.0.1."""
    from quant_archives import write_aware, write_post
    from quant_names import write_names

    (work / FOLDERS).mkdir(exist_ok=True)
    (work / RESULTS).mkdir(exist_ok=True)
    for model, pixels in _models(work):
        write_aware(model, pixels, work / FOLDERS)
        write_post(model, pixels, work / FOLDERS)
    write_names(work / RESULTS)


def freeze(work):
    """Freeze the aware checkpoints: everything of paddleslim 1.1.1."""
    from quant_archives import aware_kinds, write_frozen

    for model, _ in _models(work):
        for kind in aware_kinds(model):
            write_frozen(model, kind, work / FOLDERS)


def evaluate(work):
    """Run every kind over the demo's pictures."""
    from quant_evaluation import write_evaluation

    for model, pixels in _models(work):
        for kind in KINDS[model.word]:
            folder = work / FOLDERS / "{}_{}_files".format(model.word, kind)
            write_evaluation(
                model, kind, None if kind == "float" else folder, pixels, work / RESULTS
            )


def pack(work):
    """Pack what is committed, and put the results beside it."""
    import shutil

    from stable_files import pack_folder

    (work / PACKED).mkdir()
    for name in COMMITTED:
        pack_folder(work / FOLDERS / name, work / PACKED / (name + ".tar.gz"))
    for name in _results():
        shutil.copyfile(str(work / RESULTS / name), str(work / PACKED / name))


def _results():
    """The committed results: the APs alone where no such archive is committed."""
    yield NAMES
    for word, kinds in KINDS.items():
        for kind in kinds:
            yield "{}_{}.json".format(word, kind)
            if kind not in ("float", "frozen_all"):
                yield "{}_{}.npz".format(word, kind)


def _models(work):
    import numpy as np
    from quant_models import MODELS

    for word in sorted(MODELS):
        with np.load(str(work / "{}_pixels.npz".format(word))) as arrays:
            yield MODELS[word], {key: arrays[key] for key in arrays.files}


STEPS = {"quantise": quantise, "freeze": freeze, "evaluate": evaluate, "pack": pack}


if __name__ == "__main__":
    sys.exit(main())
