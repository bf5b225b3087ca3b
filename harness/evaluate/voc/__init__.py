"""The VOC metric."""
