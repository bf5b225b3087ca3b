"""Scores, compares and exports detections that were made elsewhere."""
