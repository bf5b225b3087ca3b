"""Trains a network by a recipe.

Training runs in Paddle's dynamic mode on the same network functions that the archives
are read into. It can be stopped at any moment and goes on at its last checkpoint.
"""
