"""A recipe is followed, stopped, gone on with, and packed."""

from testing.training import training_batch  # noqa: F401


def test_x(toy):
    t = toy.train()
    print(t)
    assert t.steps == 6
