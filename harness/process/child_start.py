"""Starts a child process in an interpreter, a folder and an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

#: Environment variables that a child keeps: they say how to compute, and where the
#: libraries of a GPU are.
KEPT = (
    "CUDA_VISIBLE_DEVICES",
    "LD_LIBRARY_PATH",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "OPENBLAS_NUM_THREADS",
    "PATH",
    "SYSTEMROOT",  # Windows starts no Python without it
)
KEPT_FAMILIES = ("NVIDIA_", "FLAGS_")  # the second are Paddle's own


def kept_environment(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return the environment of a child: few variables; its folders are ``folder``."""
    kept = {
        name: value
        for name, value in environment.items()
        if name in KEPT or name.startswith(KEPT_FAMILIES)
    }
    return {**kept, **dict.fromkeys(("HOME", "TMPDIR", "TEMP", "TMP"), str(folder))}


def start_child(
    service: str, folder: Path, *, address_bytes: int | None
) -> subprocess.Popen[bytes]:
    """Start an interpreter that serves; its standard streams are pipes.

    Args:
        service: ``module:function``, for :func:`harness.process.child_service.serve`.
        folder: where it works; an empty one.
        address_bytes: the address space it may have; None: any.
    """
    path = [os.path.abspath(one) for one in sys.path]  # noqa: PTH100 - "" is here
    arguments = json.dumps([path, service, address_bytes])
    code = (
        "import json, sys; path, service, address_bytes = json.loads(sys.argv[1]); "
        "sys.path[:] = path; from harness.process.child_service import serve; "
        "serve(service, address_bytes)"
    )
    return subprocess.Popen(  # noqa: S603 - our own interpreter, our own code
        # -I: no words of the environment; -B: nothing is written beside the sources
        [sys.executable, "-I", "-B", "-c", code, arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=kept_environment(os.environ, folder),
        start_new_session=True,  # Ctrl-C is for the parent: it decides
        bufsize=0,
    )
