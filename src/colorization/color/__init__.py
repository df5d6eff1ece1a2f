"""Computes with colors: CIE Lab, the gamut of sRGB, measures on two images, statistics."""
