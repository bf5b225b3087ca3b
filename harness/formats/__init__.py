"""Detections to and from the result files that each dataset's official tools read.

One module per format, each with ``to_results`` (our detections as the file would state
them), ``read`` and ``write``. Goes in: a file or folder made by any tool, and the truth
it is about; comes out: ``Results``, checked, naming file and line of what is wrong.
"""
