"""Builds published networks, with their ImageNet weights and the precision they compute in."""
