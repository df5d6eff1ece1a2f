"""Computes ImageNet embeddings: a network's logits for the luminance of an image."""
