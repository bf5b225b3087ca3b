"""How much an archive may unpack to, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

#: What a tar spends on one entry besides its data: a header and padding, or with a
#: long name two headers more and the name. A block has 512 bytes.
ENTRY_OVERHEAD_BYTES = 3072
END_BYTES = 10240  # tar fills its last record up to this


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an archive may unpack to."""

    #: Files and folders, those that names imply counted.
    entries: int = 20_000  # the published checkpoints have up to 459  # zoo-spec 3.6
    total_bytes: int = 4 << 30  # theirs are near 0.2 GB
    ratio: float = 200.0  # unpacked to packed; float32 weights do not reach 10
    ratio_free_bytes: int = 1 << 20  # so much may come out at any ratio

    def room_bytes(self, packed_bytes: int) -> int:
        """Return how many bytes an archive of that size may unpack to."""
        by_ratio = max(int(self.ratio * packed_bytes), self.ratio_free_bytes)
        return min(self.total_bytes, by_ratio)

    def stream_bytes(self, packed_bytes: int, entries: int) -> int:
        """Return how long the tar in a compressed file may be, of so many entries.

        Beyond it the stream holds more than could honestly be written.
        """
        return (
            self.room_bytes(packed_bytes) + ENTRY_OVERHEAD_BYTES * entries + END_BYTES
        )


#: For the archives of models.
LIMITS = Limits()
#: For the archives of datasets: COCO's training images are 118,287 files of 19.3 GB.
DATASET_LIMITS = Limits(entries=400_000, total_bytes=128 << 30)
