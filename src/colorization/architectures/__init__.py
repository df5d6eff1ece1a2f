"""Defines the networks: a file for each, with the record ARCHITECTURE; none imports another."""
