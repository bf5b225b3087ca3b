"""Reads and writes this harness's own files, and nothing is found half-written."""
