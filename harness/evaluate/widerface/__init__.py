"""The WIDER FACE metric."""
