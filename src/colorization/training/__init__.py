"""Training a variant on the cached arrays: batches, epochs, snapshots and its record."""
