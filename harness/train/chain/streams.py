"""Gives every random decision of the chain a stream of its own.

A stream depends on the seed and on what is decided, never on what was drawn before. So
neither the count of workers nor the place where a run goes on changes a batch.
"""

from __future__ import annotations

from numpy.random import MT19937, RandomState, SeedSequence

#: First words of the seeds: sample 3 and batch 3 of an epoch have nothing in common.
SAMPLE, BATCH, ORDER = 1, 2, 3


def sample_stream(seed: int, epoch: int, index: int) -> RandomState:
    """Return the stream of one image, by its place in the set, in one epoch."""
    return _stream(SAMPLE, seed, epoch, index)


def batch_stream(seed: int, epoch: int, batch: int) -> RandomState:
    """Return the stream of what all samples of a batch share."""
    return _stream(BATCH, seed, epoch, batch)


def order_stream(seed: int, epoch: int) -> RandomState:
    """Return the stream that shuffles an epoch."""
    return _stream(ORDER, seed, epoch, 0)


def _stream(*words: int) -> RandomState:
    # RandomState's distributions are frozen: numpy never changes them.
    return RandomState(MT19937(SeedSequence(words)))
