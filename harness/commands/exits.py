"""The exit codes of ``zoo``; users rely on them (design 3)."""

EXIT_FAILED = 1  # a claim missed, a check failed
EXIT_USAGE = 2
EXIT_INCOMPLETE = 3  # something could not be measured
