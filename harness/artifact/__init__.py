"""Turns an address, with its digest when one is known, into a verified folder.

``fetch`` brings a file into a cache: ``sources`` lists the addresses, ``patience``
decides which to ask next, ``transfer`` copies the bytes, ``refusal`` judges them.
``unpack`` turns an archive into a folder whose files are checked each time they are
handed out. ``pack`` and ``server`` make and serve the archives of a zoo of one's own.
The only room that opens sockets, in ``web/``.
"""
