"""Writes the pages of a zoo, and reads the published document."""
