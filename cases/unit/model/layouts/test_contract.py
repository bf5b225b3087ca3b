import numpy as np
import pytest

from harness.errors import ArchiveUnreadable
from harness.model.layouts.contract import Stored, WeightSource, each_once, listed


def stored(name, place):
    return Stored(name=name, place=place, read=lambda: np.zeros(2))


def test_a_name_that_is_there_twice_tells_both_places():
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^w is there twice; expected each variable once, "
        r"got m.pdparams: w and m.pdopt: w$",
    ):
        each_once([stored("w", "m.pdparams: w"), stored("w", "m.pdopt: w")])


def test_an_array_is_read_when_it_is_asked_for():
    def never():
        raise AssertionError

    source = WeightSource(
        stored=each_once([stored("b", "b"), Stored(name="a", place="a", read=never)]),
        unit="array",
    )

    assert source.names() == ("a", "b")
    assert source.shape("b") == (2,)


def test_a_missing_one_is_told_in_the_words_of_the_layout():
    source = WeightSource(stored=each_once([stored("b", "b")]), unit="record")

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^a: no such record; expected one record per variable, got b$",
    ):
        source.read("a")


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "nothing"), (2, "n0, n1"), (5, "n0, n1, n2, n3, n4"),
     (6, "n0, n1, n2, n3, n4 and 1 more"), (7, "n0, n1, n2, n3, n4 and 2 more")],
)  # fmt: skip
def test_a_long_list_is_counted(count, text):
    assert listed([f"n{place}" for place in range(count)]) == text
