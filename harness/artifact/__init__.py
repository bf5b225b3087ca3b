"""An address and, when known, a digest go in; a verified folder comes out.

``fetch`` brings an archive into a cache, ``unpack`` turns it into a folder whose files
are checked each time they are handed out, ``pack`` and ``server`` make and serve the
archives of a zoo of one's own. The only room that opens sockets.
"""
