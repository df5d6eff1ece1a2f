"""Scores of predicted colours against the photographs': metrics, floors, evaluations."""
