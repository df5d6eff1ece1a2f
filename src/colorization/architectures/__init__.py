"""Defines the networks, one per file, each with the record ARCHITECTURE; none imports another."""
