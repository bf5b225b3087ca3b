"""The frozen values that cross the walls of the rooms."""
