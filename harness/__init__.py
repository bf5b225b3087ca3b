"""Reproducibility benchmark harness for a published zoo of compressed detectors."""

import logging

# Paddle 2.6.2 crashes the process when zlib is first imported after it (also through
# gzip, zipfile and numpy's npz); imported here, it always comes first.
import zlib  # noqa: F401

__version__ = "0.2.0"

# Silent by default: without a handler of ours, Python itself prints warnings.
logging.getLogger(__name__).addHandler(logging.NullHandler())
