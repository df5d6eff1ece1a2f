"""The parts that a split gives its images to."""

PARTS = ("train", "validation", "test")
LEFT_OUT = "left out"
