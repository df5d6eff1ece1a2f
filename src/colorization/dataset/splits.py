"""Names the parts of the split."""

PARTS = ("train", "validation", "test")
EXCLUDED = "left out"
