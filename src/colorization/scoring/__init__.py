"""Scores of predicted colors against the photographs: metrics, trivial baselines, evaluations."""
