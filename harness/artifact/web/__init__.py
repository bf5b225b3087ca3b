"""Reads what one http or https address serves, within limits.

``answer`` opens an address and yields the bytes of its file, ``connection`` opens the
sockets, ``redirect`` judges where a server may send us, ``pace`` ends what takes too
long, and ``failure`` says what an error means. Nothing here knows what an archive is.
"""
