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
    old loader looks for exactly that (zoo-spec 3.5). ``.tar.gz`` is compressed.
    """
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        top = tarfile.TarInfo(top_folder(archive))
        top.type, top.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(top)
        for path in sorted(Path(folder).rglob("*")):
            within = path.relative_to(str(folder)).as_posix()
            entry = tarfile.TarInfo("{}/{}".format(top.name, within))
            if path.is_dir():
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(entry)
                continue
            content = path.read_bytes()
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    content = plain.getvalue()
    if str(archive).endswith(".gz"):
        compressed = io.BytesIO()
        # no name and no time: both would be in the header
        with gzip.GzipFile("", "wb", 9, compressed, mtime=0) as stream:
            stream.write(content)
        content = compressed.getvalue()
    Path(archive).write_bytes(content)


def top_folder(archive):
    """Name of the only folder at the top of an archive: ``x`` of ``x.tar[.gz]``."""
    return Path(archive).name.partition(".tar")[0]


def write_npz(path, arrays, about, compression=zipfile.ZIP_DEFLATED):
    """Write arrays by name, compressed, undated, with ``about`` as a JSON string.

    Another zlib gives other bytes of the same arrays: golden_check compares those.
    ``zipfile.ZIP_LZMA`` packs float32 a fifth smaller; numpy reads it like the other.
    """
    everything = dict(arrays, about=np.array(json.dumps(about, sort_keys=True)))
    with zipfile.ZipFile(str(path), "w", compression, compresslevel=9) as npz:
        for name in sorted(everything):
            buffer = io.BytesIO()
            np.lib.format.write_array(
                buffer, np.asarray(everything[name], order="C"), allow_pickle=False
            )
            entry = zipfile.ZipInfo(name + ".npy")
            entry.compress_type = compression
            npz.writestr(entry, buffer.getvalue(), compresslevel=9)
