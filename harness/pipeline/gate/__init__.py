"""Judges a folder of records for a release, and says what would change."""
