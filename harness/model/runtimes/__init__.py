"""The frameworks that networks run on, one entry each; above them only words."""
