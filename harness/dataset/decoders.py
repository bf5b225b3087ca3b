"""How the images of each dataset were read by its published evaluation."""

from __future__ import annotations

from collections.abc import Mapping

#: Dataset -> key of ``views.DECODERS``.  # zoo-spec 1.2, 1.6, 1.7
DECODER_OF: Mapping[str, str] = {
    "coco": "opencv",
    "voc": "opencv",
    "widerface": "pillow",
}
