"""Turns training images into batches, as the published training did.

numpy and OpenCV alone: whatever runtime trains on the batches.  # zoo-spec 5.1, 5.4
"""
