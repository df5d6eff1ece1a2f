"""Reads and writes the cached arrays of the splits, for training and testing."""
