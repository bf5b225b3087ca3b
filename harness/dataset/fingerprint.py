"""Computes the digest of each file of a dataset, and one of them all."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.dataset.digest_cache import DigestCache
from harness.files.digest import file_sha256

#: Stands in a fingerprint for a file that is not there: no file is known to give it.
ABSENT = bytes(hashlib.sha256().digest_size)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesDigest:
    """What the files of a dataset are."""

    fingerprint: str  # sha256 of names and contents, in hexadecimal
    files: Mapping[str, str | None]  # by name in the dataset; None: cannot be read

    @property
    def faults(self) -> tuple[str, ...]:
        """The names of the files that cannot be read."""
        return tuple(name for name, one in self.files.items() if one is None)


def digest_files(
    annotations: Mapping[str, Path],
    images: Mapping[str, Path],
    digests: DigestCache | None = None,
) -> FilesDigest:
    """Return the digest of each file, and one that changes with any byte of any.

    Neither the folder's place nor the order of the images changes it. A file that is
    missing counts as one of the files, and changes it.

    Args:
        annotations: where each annotation file is, by its name in the dataset.
        images: where each used image is, by the name the annotations give it.
        digests: knows the digests of files that did not change since it saw them.
    """
    whole = hashlib.sha256(b"dataset/2")
    digest_of: dict[str, str | None] = {}
    for files in (annotations, images):
        whole.update(f"{len(files)}".encode())
        for name in sorted(files):
            try:
                digest = (digests.sha256 if digests else file_sha256)(files[name])
            except (OSError, ValueError):  # a NUL or a lone surrogate names no file
                digest = None
            digest_of[name] = digest
            listed = name.encode("utf-8", "surrogatepass")
            whole.update(hashlib.sha256(listed).digest())
            whole.update(ABSENT if digest is None else bytes.fromhex(digest))
    return FilesDigest(fingerprint=whole.hexdigest(), files=digest_of)
