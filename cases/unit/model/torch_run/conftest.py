"""What needs torch is collected where it is installed: ``tox -e unit-torch``."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("torch") else ["installed"]
