"""One file per use, each joining rooms end to end; nothing else joins them."""
