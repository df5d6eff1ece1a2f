"""From one zip to a split, and to the cached arrays that models are trained and tested on."""
