"""Judges scores by claims.

A measured number meets the printed one under a written tolerance
(:mod:`harness.compare.tolerance`), and the judgements of a row become its verdict and
the sentence that explains it (:mod:`harness.compare.verdict`). Pure: no file, no clock.
"""
