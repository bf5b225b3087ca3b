"""Says everything that is wrong with the rows and claims of a zoo."""
