"""Comparison of all trainings: estimates with their uncertainty, and the paper's claims."""
