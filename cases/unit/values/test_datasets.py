import pytest

from harness.values.datasets import FACTS, KnownDataset

KNOWN = KnownDataset(
    image_count=3, annotation_count=0, fingerprint="f" * 64, truth_sha256="e" * 64
)


def test_the_published_dataset_is_unlike_in_nothing():
    assert KNOWN.unlike({fact: getattr(KNOWN, fact) for fact in FACTS}) == ()


@pytest.mark.parametrize("fact", FACTS)
def test_each_fact_alone_is_a_difference(fact):
    here = {one: getattr(KNOWN, one) for one in FACTS} | {fact: "other"}
    (unlike,) = KNOWN.unlike(here)

    assert str(unlike) == f"{fact}: published {getattr(KNOWN, fact)}, here other"


def test_what_is_not_known_or_not_looked_at_is_no_difference():
    assert KnownDataset().unlike(dict.fromkeys(FACTS, 7)) == ()
    assert KNOWN.unlike({}) == ()
