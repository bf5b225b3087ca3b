"""Does what the hooks of ``pytest_zoo`` say; ``early.py`` acts before any conftest."""
