"""From image files to network inputs: decoding, splitting, near duplicates, preprocessing."""
