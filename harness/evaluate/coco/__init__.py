"""The COCO metric."""
