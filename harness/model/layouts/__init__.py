"""Reads the folder of an archive: its arrays by name, and its program if it has one.

There is one module for each layout. What lies in the folder tells them apart, whatever
its name.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.model.layouts.combined_file import COMBINED_FILE
from harness.model.layouts.contract import Layout
from harness.model.layouts.pdparams import PDPARAMS
from harness.model.layouts.program import PROGRAM
from harness.model.layouts.separate_files import SEPARATE_FILES

#: Word in the record -> layout, in the order in which they are tried.  # zoo-spec 3.6
LAYOUTS: Mapping[str, Layout] = {
    "program": PROGRAM,
    "pdparams": PDPARAMS,
    "separate_files": SEPARATE_FILES,
    "combined_file": COMBINED_FILE,
}
