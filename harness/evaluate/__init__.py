"""Runs detectors over a dataset, and scores their detections.

Two steps that need not happen on one machine. *Detect* shows the images to detectors
and keeps what they find in a store named by content, so a killed run goes on where it
was. *Score* needs the detections and the truth alone: no network, no images.
"""
