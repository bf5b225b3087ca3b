"""A quantised archive in; its network with its rounding, and what it is made of, out.

Three kinds are told apart by looking: float weights beside the scales of activations, a
program that quantises weights as it runs, and a program whose weights are integers.
"""
