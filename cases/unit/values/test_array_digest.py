import numpy as np
import pytest

from harness.values.array_digest import digest_arrays

PINNED = "2e00bd1477147a0853833dc0db73bab90dd325cc7f882843ef00fa9f84e1bdae"
PINNED_TEXTS = "b50905910dbae5cb46d4d1bd6c96e8f1da73faddd012453284fc4b591f506286"
ARRAYS = {"a": np.float32([1, 2]), "b": np.int64([3])}


def digest(kind="kind/1", **changed):
    return digest_arrays(kind, {**ARRAYS, **changed})


def test_the_digest_is_pinned():
    # Every record and store names its arrays by it: it may never change unnoticed.
    assert digest() == PINNED


@pytest.mark.parametrize(
    "array",
    [
        np.asarray([1, 2], ">f4"),
        np.float32([1, 0, 2])[::2],
        np.asfortranarray(np.float32([1, 2])),
    ],
)
def test_the_memory_of_the_values_does_not_matter(array):
    assert digest(a=array) == digest()


@pytest.mark.parametrize(
    "array", [np.float32([2, 1]), np.float64([1, 2]), np.float32([[1, 2]])]
)
def test_values_types_and_shapes_matter(array):
    assert digest(a=array) != digest()


def test_what_the_arrays_are_matters():
    assert digest("kind/2") != digest()
    assert digest_arrays("kind/1", dict(reversed(ARRAYS.items()))) != digest()


def test_texts_are_digested_by_value_whatever_their_width():
    texts = np.array(["a", "bc"])

    assert digest(a=texts.astype("U9")) == digest(a=texts)
    assert digest(a=np.array(["ab", "c"])) != digest(a=texts)  # where one ends matters
    assert digest(a=texts[::-1]) != digest(a=texts)
    assert digest(a=texts.reshape(1, 2)) != digest(a=texts)


def test_the_digest_of_texts_is_pinned():
    # Ground truth names its images: the file of every committed truth is called so.
    assert digest_arrays("kind/1", {"a": np.array(["裁", "ab"])}) == PINNED_TEXTS
