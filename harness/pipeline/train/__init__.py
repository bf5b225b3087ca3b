"""Trains the network of a recipe, and measures it as a downloaded one is."""
