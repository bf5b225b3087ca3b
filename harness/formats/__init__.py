"""Reads and writes the result files that each dataset's official tools read.

One module per format, each with ``to_results`` (our detections as the file would state
them), ``read`` and ``write``. ``read`` takes a file or folder made by any tool and the
truth it is about, and returns checked ``Results``. A refusal names file and line.
"""
