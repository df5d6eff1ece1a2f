"""The ImageNet embedding of an image: the logits of a network that sees its luminance alone."""
