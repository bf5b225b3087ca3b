"""Whether a JPEG reaches its end mark, wherever it was cut."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from harness.dataset.image import is_cut_jpeg

WAYS = {
    "baseline": {},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_blocks": 2},
    "commented": {"comment": b"\xff\xd9 inside a comment is no end"},
}


def jpeg(**way: object) -> bytes:
    out = io.BytesIO()
    drawn = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    Image.fromarray(drawn).save(out, "JPEG", quality=95, **way)
    return out.getvalue()


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("after", [b"", bytes(7), b"text", b"\xff", b"\xff\xd8"])
def test_a_whole_one_is_not_cut_whatever_follows(name: str, after: bytes) -> None:
    assert not is_cut_jpeg(jpeg(**WAYS[name]) + after)


@pytest.mark.parametrize("name", WAYS)
def test_it_is_cut_wherever_it_stops(name: str) -> None:
    content = jpeg(**WAYS[name])
    marks = [at for at in range(2, len(content)) if content[:at].endswith(b"\xff\xd9")]

    lasting = [at for at in range(2, len(content)) if not is_cut_jpeg(content[:at])]
    assert set(lasting) <= set(marks)  # a comment that looks like the end, at most


@pytest.mark.parametrize("filling", [b"\x00", b"\xff"])
def test_zeros_in_place_of_the_rest_are_no_end(filling: bytes) -> None:
    content = jpeg()
    half = len(content) // 2

    assert is_cut_jpeg(content[:half] + filling * (len(content) - half))


def test_filling_before_the_end_mark_is_allowed() -> None:
    assert not is_cut_jpeg(jpeg()[:-2] + b"\xff\xff\xff\xd9 and more")


@pytest.mark.parametrize("content", [b"", b"BM", b"\x89PNG\r\n\x1a\n", b"\xff"])
def test_what_is_no_jpeg_is_never_cut(content: bytes) -> None:
    assert not is_cut_jpeg(content)


@given(st.binary(max_size=200))
def test_any_bytes_have_an_answer(content: bytes) -> None:
    assert is_cut_jpeg(b"\xff\xd8" + content) in (True, False)
