"""Names the parts of the split."""

SPLITS = ("train", "validation", "test")
EXCLUDED = "excluded"
