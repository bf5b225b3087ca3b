"""Finds the file of an image named by annotations, or the file in its place."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from harness.errors import DatasetInvalid

#: Of the formats that are read; the first is the published one.
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")


class ImageFolder:
    """A folder of images; its files are listed once, when the first is asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._listed: dict[str, Mapping[str, list[str]]] = {}

    def name_of(self, stem: str) -> str | None:
        """Return the file of an image that is named without its suffix, or None.

        Raises:
            DatasetInvalid: several files are that image, and none as published.
        """
        published = f"{stem}{SUFFIXES[0]}"
        if (self.path / published).is_file():
            return published
        files = [
            one
            for one in self._beside("").get(_key(stem), [])
            if PurePosixPath(one).stem == stem
        ]
        if len(files) > 1:
            raise DatasetInvalid(
                f"{len(files)} files of image {stem}",
                expected="one",
                got=", ".join(files),
                next_step="take away those that are not meant",
            )
        return files[0] if files else None

    def told_absent(self, name: str) -> str:
        """Say which file is in the place of a missing one; nothing where none is.

        Looks for the name with other slashes, percent signs decoded, in the other case,
        with another suffix, or in another Unicode form.
        """
        for written in dict.fromkeys((name, name.replace("\\", "/"), unquote(name))):
            parent, _, last = written.rpartition("/")
            try:
                beside = self._beside(parent).get(_key(PurePosixPath(last).stem), [])
            except (OSError, ValueError):  # a name that no system has
                continue
            if last in beside:
                return f"{written} is there"
            same = [one for one in beside if _nfc(one) == _nfc(last)]
            if same:
                form = "NFC" if unicodedata.is_normalized("NFC", same[0]) else "NFD"
                shown = "the same name" if written == name else written
                return f"{shown} is there in Unicode's form {form}"
            if beside:
                return f"{parent}{'/' if parent else ''}{beside[0]} is there"
        return ""

    def _beside(self, parent: str) -> Mapping[str, list[str]]:
        """Return the image files of a folder below, by what their stems amount to."""
        if parent not in self._listed:
            files: dict[str, list[str]] = defaultdict(list)
            folder = self.path / parent
            for path in sorted(folder.iterdir()) if folder.is_dir() else ():
                is_image = path.suffix.lower() in SUFFIXES
                if is_image and not path.name.startswith(".") and path.is_file():
                    files[_key(path.stem)].append(path.name)
            self._listed[parent] = files
        return self._listed[parent]


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _key(stem: str) -> str:
    return _nfc(stem).casefold()
