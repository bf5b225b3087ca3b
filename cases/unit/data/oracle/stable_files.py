"""Files whose bytes depend on their content only: tar archives and npz goldens."""

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

import numpy as np


def pack_folder(folder, archive):
    """Pack the files of ``folder`` as ``<archive stem>/<name>``, by name, undated.

    This is the published layout: the top folder is the archive's basename, since the
    old loader looks for exactly that (zoo-spec 3.5).
    """
    archive = Path(archive)
    with tarfile.open(str(archive), "w", format=tarfile.USTAR_FORMAT) as tar:
        _add_folder(tar, Path(folder), archive.stem)


def pack_compressed(folder, archive):
    """Pack as :func:`pack_folder`, into an undated ``.tar.gz``."""
    archive = Path(archive)
    with archive.open("wb") as file:
        with gzip.GzipFile("", "wb", 9, file, mtime=0) as compressed:
            with tarfile.open(
                fileobj=compressed, mode="w", format=tarfile.USTAR_FORMAT
            ) as tar:
                _add_folder(tar, Path(folder), archive.name[: -len(".tar.gz")])


def _add_folder(tar, folder, name):
    top = tarfile.TarInfo(name)
    top.type, top.mode = tarfile.DIRTYPE, 0o755
    tar.addfile(top)
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        entry = tarfile.TarInfo("{}/{}".format(name, path.name))
        entry.size, entry.mode = len(content), 0o644
        tar.addfile(entry, io.BytesIO(content))


def write_npz(path, arrays, about):
    """Write arrays by name, uncompressed, undated, with ``about`` as a JSON string.

    Uncompressed because another zlib gives other bytes.
    """
    everything = dict(arrays, about=np.array(json.dumps(about, sort_keys=True)))
    with zipfile.ZipFile(str(path), "w", zipfile.ZIP_STORED) as bundle:
        for name in sorted(everything):
            buffer = io.BytesIO()
            np.lib.format.write_array(
                buffer, np.asarray(everything[name], order="C"), allow_pickle=False
            )
            bundle.writestr(zipfile.ZipInfo(name + ".npy"), buffer.getvalue())
