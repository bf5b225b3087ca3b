"""Fetches archives, describes one, and tells what the cache holds."""
