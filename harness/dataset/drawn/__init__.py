"""Draws the demo's scenes and writes them as each dataset's own files."""
