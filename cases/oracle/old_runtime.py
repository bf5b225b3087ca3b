"""The old runtime on one thread, repeatable.

Import this before anything imports paddle: threads are counted at its start.
"""

import os

os.environ.update(
    OMP_NUM_THREADS="1",
    MKL_NUM_THREADS="1",
    # one code path of the matrix product on every processor with AVX2
    MKL_CBWR="AVX2",
    CPU_NUM="1",
    FLAGS_paddle_num_threads="1",
)

import numpy as np  # noqa: E402
import paddle  # noqa: E402
import paddle.fluid as fluid  # noqa: E402


def start_executor():
    """Give an executor on the CPU."""
    return fluid.Executor(fluid.CPUPlace())


def about(script, seed, **more):
    """Collect what every golden says of its making."""
    return dict(
        more,
        script=script,
        seed=seed,
        paddle=paddle.__version__,
        numpy=np.__version__,
        threads=1,
    )


def split_detections(fetched, num_images):
    """Read a fetched LoDTensor of ``multiclass_nms`` as rows [K, 6], lengths [N].

    A batch without any detection comes back as a [1, 1] tensor holding -1, whatever its
    number of pictures (zoo-spec 1.3). Here that is no rows, and N lengths of 0.
    """
    rows = np.array(fetched)
    if rows.shape == (1, 1):
        return np.zeros((0, 6), dtype=np.float32), np.zeros(num_images, dtype=np.int64)
    return rows, np.array(fetched.recursive_sequence_lengths()[0], dtype=np.int64)
