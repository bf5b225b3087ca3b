"""Writes pages, tables and JSON from a zoo and its records.

Every function is pure. It takes a zoo, and records by row id; it returns markdown,
terminal text or JSON. The same input gives the same bytes: clock, host name and folders
are never looked at. Files are read and written by ``harness.pipeline``.
"""
