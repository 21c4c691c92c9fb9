"""Weights files: writing, reading, warm starts and quantisation."""
