"""Names the parts of the split."""

PARTS = ("train", "validation", "test")
LEFT_OUT = "left out"
