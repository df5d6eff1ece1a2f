"""Scores of predicted colors against the photographs': metrics, floors, evaluations."""
