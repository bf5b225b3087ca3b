"""Every other network in every layout: the values of its committed archive, copied.

What each must compute is in the golden of that archive already. A few are committed, so
that each family has a pickle and a program; all are made on demand.
"""

import tempfile
from collections import namedtuple
from functools import partial
from pathlib import Path

import faces_golden
import fluid_blazeface
import layout_golden
import paddle.fluid as fluid
import residual_golden
from network_outputs import load_archive
from old_runtime import start_executor
from saved_layouts import FIXED_INPUT, SAVERS
from stable_files import pack_folder

NAME = "layout_{}_{}.tar.gz"  # network, layout
FACES_PX = 640  # zoo-spec 1.7: the side of the published configuration

#: ``build`` takes ``input_px``; ``fixed_px`` is what the exporter fixes.
Source = namedtuple("Source", "archive build fixed_px")

#: Network -> where its values come from.
NETWORKS = {
    "mobilenet_v1": Source(
        layout_golden.CHECKPOINT, layout_golden.BUILD, layout_golden.EXPORTED_PX
    )
}
NETWORKS.update(
    (one.word, Source(one.archive, residual_golden.builder(one), 608))
    for one in residual_golden.COMMITTED
)
NETWORKS.update(
    (
        "blazeface_" + edition,
        Source(
            faces_golden.TINY_NAME.format(edition),
            partial(fluid_blazeface.build_network, edition, width),
            FACES_PX,
        ),
    )
    for edition, width in faces_golden.WIDTHS.items()
)

COMMITTED = (
    ("r34", "pdparams"),
    ("r34", "program_separate"),
    ("r50vd_dcn", "pdparams"),
    ("r50vd_dcn", "program_params"),
    ("blazeface_original", "program_separate"),
    ("blazeface_lite", "pdparams"),
    ("blazeface_lite", "program_params"),
    ("blazeface_nas", "program_weights"),
)
ARCHIVES = tuple(NAME.format(*one) for one in COMMITTED)
EVERY = tuple((network, layout) for network in NETWORKS for layout in SAVERS)


def write_layouts(combinations, archives, folder):
    """Write pairs of network and layout, of the values in ``archives``."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for network, layout in combinations:
        source = NETWORKS[network]
        executor, scope = start_executor(), fluid.Scope()
        input_px = source.fixed_px if layout == FIXED_INPUT else None
        built = source.build(input_px=input_px)
        load_archive(executor, scope, built, Path(archives) / source.archive)
        with tempfile.TemporaryDirectory() as written, fluid.scope_guard(scope):
            SAVERS[layout](executor, built, written)
            pack_folder(written, folder / NAME.format(network, layout))
