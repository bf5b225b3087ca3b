"""Measures rows, and holds what every other use stands on."""
