"""Evaluation: log-loss, broken lines, legibility and contact sheets."""
