"""Splits a zip of photographs, and caches them as arrays for training and testing."""
