"""Networks of others, trained on ImageNet: their weights, their precision, the embedding."""
