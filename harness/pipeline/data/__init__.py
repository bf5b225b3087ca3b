"""Fetches datasets, checks a folder of one, and pins what it holds."""
