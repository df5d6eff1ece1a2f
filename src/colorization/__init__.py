"""Colorize grey photographs, and reproduce the experiments of "Image Colorization" (2023)."""
