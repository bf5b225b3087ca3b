"""Reads the TOML and CSV files of a zoo, checks them, and writes them from a document.

:mod:`harness.registry.zoo` reads and joins the files of one edition: rows, claims,
errata, tolerance and archive lock. :mod:`harness.registry.lint` says everything that is
wrong with them. :mod:`harness.registry.importing` turns a published markdown document
into such files. Nothing here opens a socket or loads Paddle.
"""
