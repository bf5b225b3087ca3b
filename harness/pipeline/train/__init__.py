"""Trains the archive of a row by its recipe, packs it, and measures the row from it."""
