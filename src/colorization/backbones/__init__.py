"""Networks of others, trained on ImageNet: their weights, and the precision they compute in."""
