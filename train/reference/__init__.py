"""An independent implementation of the network in NumPy, the source of the golden fixtures."""
