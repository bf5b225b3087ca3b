"""Builders of what tests of several rooms need: rows, zoos on disk, records.

The one importable folder of ``cases/`` (``pythonpath`` in ``pyproject.toml``). It holds
no test, and the wheel does not carry it.
"""
