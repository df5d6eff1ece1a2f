"""Builds published networks with their ImageNet weights, and chooses their precision."""
