"""Limits what a process may do: a child with limits, and signals that stop it."""
