"""Training a variant on the cached arrays: batches, epochs, snapshots, the record of it."""
