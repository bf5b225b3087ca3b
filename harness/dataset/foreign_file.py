"""Reads the text of a file, and names the kind of a file that is none."""

from __future__ import annotations

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass

from harness.errors import DatasetInvalid

#: Enough for blanks and the longest sign below.
HEAD_BYTES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKind:
    """What a file is in the place of another."""

    name: str
    next_step: str


_UNPACK = "unpack it, and put what it holds in its place"
_PAGE = "fetch it again: a page was saved in its place"
_POINTER = "run: git lfs pull"
#: How such files begin, in lower case.
_SIGNS = (
    (b"pk\x03\x04", ForeignKind(name="a zip", next_step=_UNPACK)),
    (b"\x1f\x8b", ForeignKind(name="a file packed by gzip", next_step=_UNPACK)),
    (b"7z\xbc\xaf", ForeignKind(name="a file packed by 7-Zip", next_step=_UNPACK)),
    (b"rar!", ForeignKind(name="a file packed by RAR", next_step=_UNPACK)),
    (b"<!doctype html", ForeignKind(name="an HTML page", next_step=_PAGE)),
    (b"<html", ForeignKind(name="an HTML page", next_step=_PAGE)),
    (
        b"version https://git-lfs",
        ForeignKind(name="a pointer of Git LFS", next_step=_POINTER),
    ),
)
EMPTY = ForeignKind(
    name="an empty file", next_step="write or copy it again: its content was lost"
)


def refuse_foreign(content: bytes, expected: str) -> None:
    """Refuse a file that is plainly of another kind.

    Args:
        content: of the file.
        expected: what it ought to be: ``"a COCO annotation file"``.

    Raises:
        DatasetInvalid: it is a zip, an HTML page, a pointer of Git LFS, packed, or
            nothing; the message says what to do.
    """
    kind = foreign_kind(content)
    if kind is not None:
        raise DatasetInvalid(
            "another kind of file",
            expected=expected,
            got=kind.name,
            next_step=kind.next_step,
        )


def foreign_kind(content: bytes) -> ForeignKind | None:
    """Return the kind of a file that is no annotations; None where nothing shows it."""
    if not content.strip(b"\0"):  # zeros: space was taken on a disk, and never filled
        return EMPTY
    head = content[:HEAD_BYTES].removeprefix(BOM_UTF8).lstrip().lower()
    return next((kind for sign, kind in _SIGNS if head.startswith(sign)), None)


def text_of(content: bytes, expected: str) -> str:
    """Return the text of a file, without the mark that some editors put in front.

    Args:
        content: of the file.
        expected: what it ought to be: ``"a list of images"``.

    Raises:
        DatasetInvalid: it is of another kind, or in another encoding than UTF-8.
    """
    refuse_foreign(content, expected)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetInvalid(
            "not UTF-8 text",
            got="text in UTF-16"
            if content[:2] in (BOM_UTF16_LE, BOM_UTF16_BE)
            else error,
            next_step="save it again in the encoding UTF-8",
        ) from error
