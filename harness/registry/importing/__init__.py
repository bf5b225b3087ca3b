"""Turns a published markdown document into rows and claims."""
