"""Words that recipes may say are those that training has something for."""

from harness.compress.distill import DISTILLATIONS
from harness.train.chain.chains import CHAINS
from harness.values import recipes


def test_a_recipe_can_name_every_chain_and_no_other():
    assert recipes.CHAINS.keys() == CHAINS.keys()


def test_a_recipe_can_name_every_distillation_and_no_other():
    assert set(recipes.DISTILLATIONS) == set(DISTILLATIONS)
