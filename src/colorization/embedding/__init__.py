"""Computes the ImageNet embedding of an image: a network's logits for its luminance alone."""
