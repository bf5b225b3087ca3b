"""Zoo and records in, text out.

Every function is pure: a zoo and the records of its rows by row id go in; markdown,
terminal text or JSON comes out. The same input gives the same bytes: no clock, no host
name, no folder is looked at. Who reads and writes files is ``harness.pipeline``.
"""
