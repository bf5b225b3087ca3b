"""Reads the entries of a tar, tar.gz or zip, within limits.

``entries`` tells the kind of archive by its content and hands over to ``tar_entries``
or ``zip_entries``; ``entry`` is what both yield. Nothing here writes a file or believes
what an archive says of itself.
"""
