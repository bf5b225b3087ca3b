"""Loads the plugin that makes every zoo row a test case; nothing else."""

pytest_plugins = ["harness.pytest_zoo", "pytester"]
