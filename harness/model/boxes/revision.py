"""The revision of what this folder makes of a network's outputs."""

#: Part of the key of every stored run. Raise it by one when detections change: what was
#: stored before is then computed again (decision 0002).
DETECTION_REVISION = 1
