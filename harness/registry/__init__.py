"""TOML and CSV in, a joined zoo out.

Reads the rows, claims, errata, tolerance, archive lock, waivers and dataset facts of
one edition (:mod:`harness.registry.zoo`), says everything that is wrong with them
(:mod:`harness.registry.lint`), and turns a published markdown document into such files
(:mod:`harness.registry.importing`). Nothing here opens a socket or loads Paddle.
"""
