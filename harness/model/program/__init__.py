"""Runs the inference program of an archive, checked, in a child process."""
