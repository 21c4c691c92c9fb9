"""Ink and text: reading a corpus, packing it into one file, and making batches of it."""
