"""Opens the archive of a row: images in, detections out."""
