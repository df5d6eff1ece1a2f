"""Builds the variants' networks from blocks, encoders and objectives; saves and loads them."""
