"""Turns a verified folder into a detector: images in, boxes in original pixels out.

Everything that a network's meaning needs lives here: its variables and their file
formats, normalisation, channel order, decoding of heads, NMS. Paddle is imported inside
functions only, so that shapes, files and post-processing work without it.
"""
