"""A network and its filled scope in, a folder in one of the old runtime's layouts out."""

from pathlib import Path

import paddle.fluid as fluid
from paddle.fluid.proto import framework_pb2

FEEDS = ("image", "im_size")  # those of them that a network has


def without_call_stacks(content):
    """Drop what names folders of the machine that built the program."""
    program = framework_pb2.ProgramDesc.FromString(content)
    for block in program.blocks:
        for op in block.ops:
            kept = [one for one in op.attrs if one.name != "op_callstack"]
            del op.attrs[:]
            op.attrs.extend(kept)
    return program.SerializeToString()


def _export(executor, network, folder, model=None, parameters=None):
    feeds = [one for one in FEEDS if network.main.global_block().has_var(one)]
    with fluid.unique_name.guard():
        fluid.io.save_inference_model(
            folder,
            feeds,
            [network.detections],
            executor,
            network.main,
            model_filename=model,
            params_filename=parameters,
        )
    path = Path(folder) / (model or "__model__")
    path.write_bytes(without_call_stacks(path.read_bytes()))


def _save_separate_files(executor, network, folder):
    fluid.io.save_persistables(executor, folder, network.main)


def _save_combined_file(executor, network, folder):
    fluid.io.save_persistables(executor, folder, network.main, filename="parameters")


def _save_pdparams(executor, network, folder):
    prefix = Path(folder) / "model_final"
    fluid.save(network.main, str(prefix))
    path = prefix.with_suffix(".pdmodel")
    path.write_bytes(without_call_stacks(path.read_bytes()))


def _save_program_separate(executor, network, folder):
    _export(executor, network, folder)


def _save_program_params(executor, network, folder):
    _export(executor, network, folder, parameters="__params__")


def _save_program_weights(executor, network, folder):
    _export(executor, network, folder, "model", "weights")


#: Layout -> how it is saved: all that 1.8.5 can write.
SAVERS = {
    "separate_files": _save_separate_files,
    "combined_file": _save_combined_file,
    "pdparams": _save_pdparams,
    "program_separate": _save_program_separate,
    "program_params": _save_program_params,
    "program_weights": _save_program_weights,
}
#: The published exporter fixed the input's sides in its programs.
FIXED_INPUT = "program_params"
