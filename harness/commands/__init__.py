"""The commands of ``zoo``, each in a file of its name; they decide nothing.

A command calls what answers it, prints the answer, and chooses an exit code.
"""
