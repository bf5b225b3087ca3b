"""Runs networks and programs on Paddle: the only folder that imports it here."""
