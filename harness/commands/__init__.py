"""One function per command of ``zoo``: calls, prints, and chooses an exit code."""
