import logging
import sys

import pytest

from harness.compress.paddleslim import import_paddleslim, quiet_paddleslim
from harness.compress.prune import prune
from harness.errors import UsageError
from testing.prunings import build_network, draw_weights

SENTENCE = (
    r"^PaddleSlim cannot be imported; expected PaddleSlim 2.6.0 to retrain, got .+; "
    r"install zoo-harness\[compress\], then run "
    r"python -m pip install --no-deps paddleslim==2.6.0$"
)


def test_without_paddleslim_one_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "paddleslim", None)

    with pytest.raises(UsageError, match=SENTENCE):
        import_paddleslim()


def test_pruning_without_paddleslim_says_the_same(monkeypatch):
    monkeypatch.setitem(sys.modules, "paddleslim", None)
    network = build_network("mobilenet_v1")

    with pytest.raises(UsageError, match=SENTENCE):
        prune(network, draw_weights(network), "prune_r578")


def test_paddleslim_is_quiet_in_the_block_and_as_loud_as_before_after_it():
    logger = logging.getLogger("paddleslim.some.module")
    logger.setLevel(logging.INFO)

    with quiet_paddleslim():
        assert not logger.isEnabledFor(logging.WARNING)
        assert logger.isEnabledFor(logging.ERROR)
    assert logger.level == logging.INFO
