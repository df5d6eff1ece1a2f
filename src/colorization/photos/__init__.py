"""Decodes images, converts between sRGB, CIE Lab and the networks' view, and compares images."""
