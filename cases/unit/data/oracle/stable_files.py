"""Files whose bytes depend on their content only: tar archives and npz goldens."""

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

import numpy as np


def pack_folder(folder, archive):
    """Pack the files of ``folder`` as ``<top folder>/<name>``, by name, undated.

    This is the published layout: the top folder is the archive's basename, since the
    old loader looks for exactly that (zoo-spec 3.5). A name that ends in ``.gz`` asks
    for compression; another zlib gives other bytes of the same content.
    """
    plain = io.BytesIO()
    _write_tar(Path(folder), top_folder(archive), plain)
    content = plain.getvalue()
    if Path(archive).suffix == ".gz":
        content = _gzip(content)
    Path(archive).write_bytes(content)


def top_folder(archive):
    """Name the one folder at the top of an archive: its basename."""
    return Path(archive).name.partition(".tar")[0]


def _gzip(content):
    packed = io.BytesIO()
    with gzip.GzipFile("", "wb", 9, packed, mtime=0) as stream:
        stream.write(content)
    return packed.getvalue()


def _write_tar(folder, top_name, stream):
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        top = tarfile.TarInfo(top_name)
        top.type, top.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(top)
        for path in sorted(folder.iterdir()):
            content = path.read_bytes()
            entry = tarfile.TarInfo("{}/{}".format(top_name, path.name))
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
