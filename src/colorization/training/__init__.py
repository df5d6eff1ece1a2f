"""Trains a variant on the cached arrays: batches, epochs, checkpoints, and its record."""
