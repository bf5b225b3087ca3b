"""Runs networks on torch: the only folder that imports it."""
