"""Turns outputs of a network into detections, in numpy."""
