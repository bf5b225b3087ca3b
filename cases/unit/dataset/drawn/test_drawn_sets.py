"""Every byte of a drawn set is pinned: the demo's fingerprints stand in its files."""

import pytest

from harness.dataset.datasets import DATASETS

SEED, COUNT = 4, 2
FINGERPRINTS = {
    "coco": "622b1ee0e85097de5234f721c0e225413431f2118561531cf1e923f079e003b6",
    "voc": "218ba5674739e7af03b228569040f77c2796d82fbda6375e0951efa3348f68d6",
    "widerface": "a974de764936d49d368d19b9f8961a8066e21d428a812013aa35b0c0a9bc3149",
}


@pytest.mark.parametrize("name", DATASETS)
def test_a_drawn_set_has_the_same_bytes_on_every_machine(tmp_path, name):
    DATASETS[name].draw(tmp_path, seed=SEED, count=COUNT)

    assert DATASETS[name].open(tmp_path).fingerprint == FINGERPRINTS[name]
