"""Opens a dataset's folder: its images, their truth and its fingerprint.

Nothing here knows a detector: the folder is read and checked, images are decoded and
resized as the published evaluation did it, and a fingerprint says whether these are the
same bytes that somebody else measured.
"""
