"""Builds networks from blocks, encoders and objectives; saves and loads them."""
