"""Data augmentation: lines with synthetic tokens, and random distortion of lines while training."""
