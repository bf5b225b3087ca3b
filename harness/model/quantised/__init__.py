"""Reads what a quantised archive holds in 8 bits.

The files tell three kinds apart: float weights beside the scales of activations, a
program that quantises weights as it runs, and a program with integer weights.
"""
